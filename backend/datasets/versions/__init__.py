"""Versions of a dataset: stored, compared, rolled back."""
