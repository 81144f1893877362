"""The workflow session: the wizard's current picks and their validation."""
