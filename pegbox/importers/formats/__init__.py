"""Parsers of the file formats that other trackers use."""
