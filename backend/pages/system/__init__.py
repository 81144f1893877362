"""The overview, the system and the settings."""
