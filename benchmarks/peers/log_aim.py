"""One engine of `logging_cost.py`: Aim, into a repository on this machine. No server takes part.

Usage: log_aim.py STEPS; prints {"log_us", "durable_seconds"} as JSON.
"""

import json
import sys
import tempfile
import time

from aim import Run

steps = int(sys.argv[1])
run = Run(repo=tempfile.mkdtemp(), system_tracking_interval=None, log_system_params=False)
began = time.perf_counter()
for step in range(1, steps + 1):
    run.track({"m0": step * 0.5, "m1": 0.25, "m2": 1.0 / step, "m3": 3.0, "m4": -step * 0.1}, step=step)
logged = time.perf_counter()
run.close()
durable = time.perf_counter()
print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
