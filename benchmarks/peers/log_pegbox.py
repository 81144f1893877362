"""One engine of `logging_cost.py`: Pegbox's SDK against its monitor.

Usage: log_pegbox.py URL STEPS; prints {"log_us", "durable_seconds"} as JSON.
"""

import json
import sys
import time

import pegbox

url, steps = sys.argv[1], int(sys.argv[2])
run = pegbox.init(url=url, experiment="benchmark")
run.log({f"m{k}": 0.0 for k in range(5)}, step=0)
run.flush()
began = time.perf_counter()
for step in range(1, steps + 1):
    run.log({"m0": step * 0.5, "m1": 0.25, "m2": 1.0 / step, "m3": 3.0, "m4": -step * 0.1}, step=step)
logged = time.perf_counter()
assert run.flush(120)
durable = time.perf_counter()
run.finish()
print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
