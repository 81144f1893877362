"""Exports the points of a run as one table: CSV, JSON lines, Parquet."""
