"""The metric log: its tables, its record types, and the encoding of points as columns."""
