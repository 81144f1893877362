"""Trackio's own self-hosted server, for `dialects.py`. Prints `READY <address with write token>`, then serves until killed."""

import time

import trackio

_, _, _, full = trackio.show(open_browser=False, block_thread=False)
print("READY", full, flush=True)
time.sleep(3600)
