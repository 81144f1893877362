"""The Training Monitor API: losses, resources, status, summary and mode of the focused training."""
