"""Rows of a dataset file. Imports neither torch nor pandas."""
