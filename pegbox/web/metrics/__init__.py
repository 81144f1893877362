"""Metrics of a service in the Prometheus text format."""
