"""Recording of runs: entries stay on disk until the monitor acknowledges them. Never imports httpx2."""
