"""Integrations with training libraries, and clients of Trackio."""
