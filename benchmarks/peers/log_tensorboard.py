"""One engine of `logging_cost.py`: TensorBoard's event writer, to a file. No server takes part.

Usage: log_tensorboard.py STEPS; prints {"log_us", "durable_seconds"} as JSON.
"""

import json
import sys
import tempfile
import time

from tensorboard.summary import Writer

steps = int(sys.argv[1])
writer = Writer(tempfile.mkdtemp())
began = time.perf_counter()
for step in range(1, steps + 1):
    writer.add_scalar("m0", step * 0.5, step)
    writer.add_scalar("m1", 0.25, step)
    writer.add_scalar("m2", 1.0 / step, step)
    writer.add_scalar("m3", 3.0, step)
    writer.add_scalar("m4", -step * 0.1, step)
logged = time.perf_counter()
writer.flush()
durable = time.perf_counter()
writer.close()
print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
