"""One module per kind of job: what the worker does with it."""
