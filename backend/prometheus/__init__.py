"""What Prometheus is told of the backend: jobs, the queue, workers."""
