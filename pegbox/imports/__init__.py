"""Runs that other trackers left in files: read as streams, brought to the monitor once."""
