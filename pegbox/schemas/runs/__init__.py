"""Runs on the wire: metrics, media, artifacts, live messages."""
