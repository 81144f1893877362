"""A training script with Trackio's unmodified client, for `dialects.py`.

Usage: trackio_script.py SERVER_URL STEPS (the address with its write token); prints {"log_us", "durable_seconds"} as JSON. Durable:
`finish` has returned, which waits for the server's answers.
"""

import contextlib
import json
import os
import sys
import tempfile
import time

server_url, steps = sys.argv[1], int(sys.argv[2])
os.environ["TRACKIO_DIR"] = tempfile.mkdtemp()

import trackio  # noqa: E402 - it reads its folder when it is imported

with contextlib.redirect_stdout(sys.stderr):
    trackio.init(
        project="benchmark", name="script", server_url=server_url, embed=False, auto_log_gpu=False, auto_log_cpu=False
    )
    trackio.log({f"m{k}": 0.0 for k in range(5)}, step=0)
    time.sleep(2)
    began = time.perf_counter()
    for step in range(1, steps + 1):
        trackio.log({"m0": step * 0.5, "m1": 0.25, "m2": 1.0 / step, "m3": 3.0, "m4": -step * 0.1}, step=step)
    logged = time.perf_counter()
    trackio.finish()
    durable = time.perf_counter()
print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
