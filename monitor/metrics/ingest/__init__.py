"""Batches from clients: decoded, checked, acknowledged after the commit."""
