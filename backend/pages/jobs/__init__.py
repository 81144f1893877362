"""Pages of jobs and the queue."""
