"""Jobs: creation, validation, lifecycle, logs and results."""
