"""Prometheus metrics of the backend: jobs, queue, workers."""
