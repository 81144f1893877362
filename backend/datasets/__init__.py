"""Datasets: preview and check of a CSV, its registration, its file."""
