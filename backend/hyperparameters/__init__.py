"""Hyperparameter configurations: uids, the stored document, resolution of a job's values."""
