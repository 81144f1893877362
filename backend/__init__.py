"""The main API on port 8000: what exists and what is wanted. Sole writer of datasets, models, jobs, workers and documents."""
