"""Commands that create, follow and steer jobs."""
