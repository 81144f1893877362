"""Readers of dataset files: CSV, JSON lines, Parquet, archives of them."""
