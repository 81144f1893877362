"""The points of a run as one table, written to files."""
