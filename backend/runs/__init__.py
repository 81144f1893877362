"""Runs as the dashboard lists and compares them. Read-only: the monitor writes runs."""
