"""Records a run: values, media and artifacts, on disk until the monitor has acknowledged them. Never imports httpx2."""
