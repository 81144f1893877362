"""Runs as the dashboard compares them. The monitor writes them; here they are only read."""
