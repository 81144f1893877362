"""Clients for the trackers of others."""
