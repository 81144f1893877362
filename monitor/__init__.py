"""The monitor: what happens. Runs, metric points, resource samples, live streams; port 8001."""
