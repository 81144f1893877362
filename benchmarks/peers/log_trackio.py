"""One engine of `logging_cost.py`: Trackio's client against its own self-hosted server on this machine.

Usage: log_trackio.py STEPS; prints {"log_us", "durable_seconds"} as JSON. Durable: the server's SQLite file holds every step.
"""

import glob
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

steps = int(sys.argv[1])
folder = tempfile.mkdtemp()
server_home = os.path.join(folder, "server")
SERVER = (
    "import trackio, time\n"
    "app, url, share, full = trackio.show(open_browser=False, block_thread=False)\n"
    "print('READY', full, flush=True)\n"
    "time.sleep(3600)\n"
)
server = subprocess.Popen(
    [sys.executable, "-u", "-c", SERVER],
    env={**os.environ, "TRACKIO_DIR": server_home},
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
)
try:
    full = next(line.split()[1] for line in server.stdout if line.startswith("READY"))
    os.environ["TRACKIO_DIR"] = os.path.join(folder, "client")
    import trackio

    run = trackio.init(project="benchmark", server_url=full, auto_log_gpu=False, auto_log_cpu=False, embed=False)
    trackio.log({f"m{k}": 0.0 for k in range(5)}, step=0)
    time.sleep(2)
    began = time.perf_counter()
    for step in range(1, steps + 1):
        trackio.log({"m0": step * 0.5, "m1": 0.25, "m2": 1.0 / step, "m3": 3.0, "m4": -step * 0.1}, step=step)
    logged = time.perf_counter()
    trackio.finish()
    durable = time.perf_counter()
    [database] = glob.glob(f"{server_home}/**/*.db", recursive=True)
    with sqlite3.connect(database) as connection:
        [[held]] = connection.execute("SELECT count(*) FROM metrics").fetchall()
    assert held >= steps, held
    print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
finally:
    server.kill()
    server.wait()
