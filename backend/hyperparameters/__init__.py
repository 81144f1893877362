"""Hyperparameter configurations: their uids, the stored document, and what a job's values come to."""
