"""Commands that create, follow and control jobs."""
