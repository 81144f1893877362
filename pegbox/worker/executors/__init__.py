"""Executors start the trainer processes of a worker."""
