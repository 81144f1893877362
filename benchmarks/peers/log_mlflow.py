"""One engine of `logging_cost.py`: MLflow's client against its server on SQLite, values logged asynchronously.

Usage: log_mlflow.py STEPS; prints {"log_us", "durable_seconds"} as JSON.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

steps = int(sys.argv[1])
folder = tempfile.mkdtemp()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen(
    [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", folder),
    ],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
    start_new_session=True,
)
try:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
            break
        except OSError:
            time.sleep(0.5)
    import mlflow

    mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
    mlflow.set_experiment("benchmark")
    with mlflow.start_run():
        mlflow.log_metrics({f"m{k}": 0.0 for k in range(5)}, step=0)
        began = time.perf_counter()
        waiting = []
        for step in range(1, steps + 1):
            values = {"m0": step * 0.5, "m1": 0.25, "m2": 1.0 / step, "m3": 3.0, "m4": -step * 0.1}
            waiting.append(mlflow.log_metrics(values, step=step, synchronous=False))
        logged = time.perf_counter()
        for one in waiting:
            one.wait()
        durable = time.perf_counter()
    print(json.dumps({"log_us": (logged - began) / steps * 1e6, "durable_seconds": durable - began}))
finally:
    os.killpg(server.pid, 9)
    server.wait()
