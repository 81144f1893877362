"""Batches from clients: decoded, validated, committed to the log, acknowledged."""
