"""How long lists take when much is stored (100,000 jobs with their runs, 1,000 experiments; 100 requests a second), and how soon a
command begins after it was submitted.

Usage: python benchmarks/api.py [--jobs 100000] [--experiments 1000] [--seconds 10] [--home FOLDER] [--only TEXT]

Claims: the 99th percentile of every list stays under 50 ms at 100 requests/s; a command on an idle machine begins at most 300 ms
after it was submitted (median of 20, by its own clock: the command is `date`). Requests are sent when they are due, whether or not
earlier ones were answered, and a wait before sending counts. Lists of up to a thousand whole records (`/api/jobs` without a
limit, as its oldest clients ask) are sent 2 times a second and shown without a claim. With --home the filled folder is kept and
used again.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlmodel import select

from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session
from pegbox.store.tables import Experiment, Job, Run, now
from tests.stack import Stack, wait_until
from tests.stack import http as client

LIMIT_MS, START_LIMIT_MS, STARTS = 50.0, 300.0, 20
RATE = 100
SLOW_RATE = 2
CONNECTIONS = 8
STATES = ("completed",) * 90 + ("failed",) * 6 + ("cancelled",) * 3 + ("created",)
CSV = "input,output\n" + "".join(f"What is {n} + {n}?,{2 * n}\n" for n in range(50))


@dataclass(frozen=True)
class Load:
    """What is asked, of which port, how many times a second."""

    path: str
    on_monitor: bool = False
    rate: int = RATE
    accept: str = "application/json"

    @property
    def is_claimed(self) -> bool:
        return self.rate == RATE


LOADS = (
    Load("/api/jobs?limit=20"),
    Load("/api/jobs?limit=20&offset=90000"),
    Load("/api/jobs?status=failed&limit=20"),
    Load("/api/jobs?status=pending&limit=20"),
    Load("/api/jobs/statistics"),
    Load("/api/experiments?limit=100"),
    Load("/api/experiments?q=study-77"),
    Load("/api/experiments/study-500/runs"),
    Load("/api/datasets"),
    Load("/api/models"),
    Load("/api/workers"),
    Load("/api/gpus"),
    Load("/api/runs?limit=100", on_monitor=True),
    Load("/api/runs?limit=100&experiment=study-500", on_monitor=True),
    Load("/jobs", accept="text/html", rate=20),
    Load("/jobs?q=job-4242", accept="text/html", rate=SLOW_RATE),
    Load("/runs", accept="text/html", rate=20),
    Load("/api/jobs", rate=SLOW_RATE),
    Load("/api/jobs/current", rate=SLOW_RATE),
    Load("/api/jobs/past", rate=SLOW_RATE),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--experiments", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--only", default="", help="only paths with this text")
    options = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        home = options.home or Path(name) / "home"
        if not (home / "pegbox.db").exists():
            fill(home, options.jobs, options.experiments)
        with Stack(home) as stack:
            print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
            print(f"{options.jobs:,} jobs, {options.experiments:,} experiments, {options.seconds:.0f} s of each\n")
            for load in LOADS:
                if options.only in load.path:
                    missed += show(load, measure(stack, load, options.seconds))
            missed += show_starts(measure_starts(stack))
    print(f"\nload {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


def fill(home: Path, jobs: int, experiments: int) -> None:
    """One job made over the API, then copies of its row with their runs."""
    home.mkdir(parents=True, exist_ok=True)
    with Stack(home) as stack:
        uploaded = client.post(
            f"{stack.backend_url}/api/datasets", data={"name": "sums"}, files={"file": ("s.csv", CSV)}
        )
        configuration = {
            "model": {"uid": "pegbox/starter"},
            "dataset": {"uid": uploaded.raise_for_status().json()["uid"]},
        }
        body = {"name": "sums", "configuration": configuration, "autoStart": False, "experiment": "sums"}
        client.post(f"{stack.backend_url}/api/jobs", json=body).raise_for_status()
    engine = open_engine(Settings(home=home))
    with open_session(engine) as db:
        pattern = db.exec(select(Job)).one().model_dump()
    began = now() - timedelta(days=365)
    metrics = {f"metric_{k}": 0.123456 * k for k in range(10)}
    with engine.begin() as connection:
        connection.execute(
            Experiment.__table__.insert(),
            [
                Experiment(id=f"study-{k}", name=f"study-{k}", description="many jobs", created_at=began).model_dump()
                for k in range(experiments)
            ],
        )
        for rows in parts(jobs):
            made = [began + timedelta(minutes=5 * k) for k in rows]
            columns = [
                {
                    "uid": f"job_{1_700_000_000_000 + k}_{k:08x}",
                    "name": f"job-{k}",
                    "state": STATES[k * 7 % 100],
                    "experiment_id": f"study-{k % experiments}",
                    "run_id": f"job_{1_700_000_000_000 + k}_{k:08x}",
                    **dict.fromkeys(("created_at", "updated_at", "queued_at", "started_at", "completed_at"), at),
                }
                for k, at in zip(rows, made, strict=True)
            ]
            if "id" in pattern:
                columns = [{**row, "id": row["uid"]} for row in columns]
            connection.execute(Job.__table__.insert(), [{**pattern, **row} for row in columns])
            runs = [
                Run(
                    id=row["run_id"],
                    job_uid=row["uid"] if k % 2 else None,
                    experiment_id=row["experiment_id"],
                    name=row["name"],
                    status="finished",
                    config={"learning_rate": 2e-4, "epochs": 3},
                    summary={"train_loss": 1 / (k + 1), **metrics},
                    created_at=at,
                    updated_at=at,
                ).model_dump()
                for k, row, at in zip(rows, columns, made, strict=True)
            ]
            connection.execute(Run.__table__.insert(), runs)
    engine.dispose()


def parts(count: int) -> Iterator[range]:
    for start in range(0, count, 5_000):
        yield range(start, min(start + 5_000, count))


def measure(stack: Stack, load: Load, seconds: float) -> list[float]:
    """Milliseconds from when each request was due until it was answered whole."""
    port = stack.monitor_port if load.on_monitor else stack.port
    fetch(port, load)  # the first one compiles queries and templates
    due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    times: list[float] = []
    threads = [threading.Thread(target=send, args=(port, load, due, times)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    for number in range(int(seconds * load.rate)):
        at = began + number / load.rate
        time.sleep(max(0.0, at - time.perf_counter()))
        due.put(at)
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return times


def send(port: int, load: Load, due: queue.SimpleQueue[float | None], times: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while (at := due.get()) is not None:
        fetch(port, load, connection)
        times.append((time.perf_counter() - at) * 1000)
    connection.close()


def fetch(port: int, load: Load, connection: Any = None) -> None:
    connection = connection or http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", load.path, headers={"Accept": load.accept})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{load.path}: {answer.status} {content[:200]!r}")


def measure_starts(stack: Stack) -> list[float]:
    """Milliseconds from the request until the command has begun."""
    stack.start("worker")
    url = stack.backend_url
    wait_until(lambda: any(worker["present"] for worker in client.get(f"{url}/api/workers").json()), what="a worker")
    delays = []
    for _ in range(STARTS + 1):
        began = time.time()
        job = client.post(f"{url}/api/jobs", json={"name": "date", "command": "date +%s.%N"}).raise_for_status().json()
        address = f"{url}/api/jobs/{job['id']}"
        wait_until(lambda address=address: client.get(address).json()["state"] == "completed", what="the command")
        delays.append((float(client.get(f"{address}/logs").text) - began) * 1000)
    return delays[1:]  # the first one finds the worker still loading


def show_starts(delays: list[float]) -> bool:
    """Whether the claim is missed."""
    middle = statistics.median(delays)
    is_missed = middle > START_LIMIT_MS
    claim = f"(<= {START_LIMIT_MS:.0f}) {'MISSED' if is_missed else ''}"
    print(f"{'a command begins after':42} p50 {middle:7.1f} ms   max {max(delays):7.1f} ms  {claim}")
    return is_missed


def show(load: Load, times: list[float]) -> bool:
    """Whether the claim is missed."""
    high = statistics.quantiles(times, n=100)[98]
    is_missed = load.is_claimed and high > LIMIT_MS
    claim = f"(<= {LIMIT_MS:.0f}) {'MISSED' if is_missed else ''}" if load.is_claimed else f"at {load.rate}/s"
    print(f"{load.path:42} p50 {statistics.median(times):7.1f} ms   p99 {high:7.1f} ms  {claim}", flush=True)
    return is_missed


if __name__ == "__main__":
    sys.exit(main())
