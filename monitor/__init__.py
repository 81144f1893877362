"""The monitor service: runs, metric points, resource samples, live streams. Port 8001."""
