"""Trackio's server, as its client, its command line and its dashboard speak to it."""
