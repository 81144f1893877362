"""API models of runs: metrics, media, artifacts, live messages."""
