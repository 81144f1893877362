"""Child processes: their environment, their process groups, and how they end with the worker."""
