"""Datasets: preview, check, registration, versions and files."""
