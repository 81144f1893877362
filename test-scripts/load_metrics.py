"""Loads a running monitor with metrics and viewers, and reports throughput and delays.

    python test-scripts/load_metrics.py [--steps 10000] [--scripts 2] [--viewers 100] [--monitor http://127.0.0.1:8001]

1. `--scripts` processes log `--steps` steps of five metrics each as fast as they can; every value is read back and compared.
2. One script logs 20 steps a second for five seconds while `--viewers` WebSockets watch: seconds from `log()` to the viewer.

Exit code 1 when a point is missing or differs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from typing import Any

import httpx2
import websockets

import pegbox

METRICS = ("train_loss", "learning_rate", "grad_norm", "tokens_per_second", "step_seconds")
LIVE_STEPS = 100


def value(step: int, metric: int) -> float:
    """The value of a metric at a step, computed so that it can be verified."""
    return (step * 7919 + metric * 104_729) % 1_000_003 / 1_000_003


def log_all(monitor: str, home: str, run_id: str, steps: int, results: Any) -> None:
    """One script: logs everything, flushes, reports its times."""
    run = pegbox.init(experiment="load test", id=run_id, url=monitor, home=home)
    began = time.perf_counter()
    for step in range(steps):
        run.log({name: value(step, number) for number, name in enumerate(METRICS)}, step=step)
    logged = time.perf_counter()
    delivered = run.flush(120)
    results.put((logged - began, time.perf_counter() - began, delivered))
    run.finish()


def check(monitor: str, headers: dict[str, str], run_id: str, steps: int) -> int:
    """The number of values that are missing or wrong; reads them in parts."""
    wrong = 0
    with httpx2.Client(base_url=monitor, headers=headers, timeout=60) as client:
        for first in range(0, steps, 10_000):
            last = min(first + 10_000, steps) - 1
            path = f"/api/runs/{run_id}/series?cols=20000&from={first}&to={last}"
            series = client.get(path).raise_for_status().json()["series"]
            for number, name in enumerate(METRICS):
                found = series.get(name, {"x": [], "mean": []})
                stored = dict(zip(found["x"], found["mean"], strict=True))
                wrong += sum(stored.get(step) != value(step, number) for step in range(first, last + 1))
    return wrong


def bulk(monitor: str, headers: dict[str, str], scripts: int, steps: int) -> int:
    """Part 1. Returns the number of wrong values."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    stamp = int(time.time())
    with tempfile.TemporaryDirectory() as home:
        ids = [f"load-{stamp}-{number}" for number in range(scripts)]
        processes = [context.Process(target=log_all, args=(monitor, home, run_id, steps, results)) for run_id in ids]
        for process in processes:
            process.start()
        reports = [results.get() for _ in processes]
        for process in processes:
            process.join()
    slowest = max(total for _, total, _ in reports)
    points = scripts * steps * len(METRICS)
    calls = statistics.median(logging / steps for logging, _, _ in reports)
    print(f"log() of {len(METRICS)} values: {calls * 1e6:.2f} µs (median of {scripts} scripts)")
    print(f"{points:,} points safe in the monitor after {slowest:.2f} s: {points / slowest:,.0f} points/s")
    wrong = sum(check(monitor, headers, run_id, steps) for run_id in ids)
    print("every value read back is right" if not wrong else f"{wrong} values are missing or wrong")
    return wrong + sum(not delivered for _, _, delivered in reports)


async def view(address: str, headers: dict[str, str], delays: list[float]) -> int:
    """One viewer: collects the delay of each point; returns the number of points received."""
    seen = 0
    async with websockets.connect(address, additional_headers=headers, max_queue=None) as socket:
        async for text in socket:
            arrived = time.time()
            envelope = json.loads(text)
            if envelope["kind"] == "point":
                delays.append(arrived - envelope["data"]["values"]["sent"])
                seen += 1
    return seen


def live(monitor: str, headers: dict[str, str], viewers: int) -> int:
    """Part 2. Returns the number of points that viewers missed."""
    with tempfile.TemporaryDirectory() as home:
        run = pegbox.init(experiment="load test", name="live", url=monitor, home=home)

        def write() -> None:
            time.sleep(2)  # until all viewers are connected
            for step in range(LIVE_STEPS):
                run.log({"train_loss": value(step, 0), "sent": time.time()}, step=step)
                time.sleep(0.05)
            run.finish()

        writer = threading.Thread(target=write)
        writer.start()
        delays: list[float] = []
        address = f"{monitor.replace('http', 'ws', 1)}/ws/runs/{run.id}?after=0"

        async def watch() -> list[int]:
            return await asyncio.gather(*(view(address, headers, delays) for _ in range(viewers)))

        seen = asyncio.run(watch())
        writer.join()
    delays.sort()
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    print(f"log() to {viewers} viewers: p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
    missed = viewers * LIVE_STEPS - sum(seen)
    print("every viewer saw every point once" if not missed else f"{missed} points were missed")
    return abs(missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitor", default=os.environ.get("PEGBOX_MONITOR_URL", "http://127.0.0.1:8001"))
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--scripts", type=int, default=2)
    parser.add_argument("--viewers", type=int, default=100)
    arguments = parser.parse_args()
    monitor = arguments.monitor.rstrip("/")
    token = os.environ.get("PEGBOX_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    wrong = bulk(monitor, headers, arguments.scripts, arguments.steps)
    wrong += live(monitor, headers, arguments.viewers)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
