"""Reads runs that other trackers left in files, and sends them to the monitor once."""
