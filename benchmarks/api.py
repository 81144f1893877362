"""List endpoints of a full Pegbox: 100,000 jobs, their runs and 1,000 experiments, asked 100 times a second.

    python benchmarks/api.py [--jobs 100000] [--experiments 1000] [--seconds 10] [--rate 100]

The goal is a 99th percentile under 50 ms. Requests are sent on time whether or not earlier ones have been answered, so that a slow
answer is not hidden by a client that waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx2
from sqlalchemy import insert

from pegbox.settings import Settings
from pegbox.store.database import open_engine, upgrade
from pegbox.store.tables import Experiment, Job, Run, now

ROOT = Path(__file__).parent.parent
PORT = 8765
GOAL_MS = 50.0
STATES = ("completed", "completed", "completed", "failed", "cancelled")
CHUNK = 10_000
ENDPOINTS = (
    "/api/jobs?limit=20",
    "/api/jobs?status=completed&limit=20",
    "/api/jobs?limit=20&offset=50000",
    "/api/jobs/statistics",
    "/api/experiments?limit=100",
    "/api/experiments?q=experiment-7&limit=100",
    "/api/experiments/experiment-7/runs?limit=100",
    "/api/datasets",
    "/api/models",
    "/api/workers",
    "/api/gpus",
)


def fill(settings: Settings, jobs: int, experiments: int) -> None:
    """Writes the records as the services would have."""
    engine = open_engine(settings)
    upgrade(engine, settings)
    start, dice = now(), random.Random(1)
    with engine.begin() as connection:
        groups = [
            {
                "id": f"exp-{n}",
                "name": f"experiment-{n}",
                "description": "",
                "tags": {},
                "starred": False,
                "created_at": start,
            }
            for n in range(experiments)
        ]
        connection.execute(insert(Experiment), groups)
        for first in range(0, jobs, CHUNK):
            numbers = range(first, min(first + CHUNK, jobs))
            connection.execute(insert(Job), [_job(n, experiments, start - timedelta(seconds=n), dice) for n in numbers])
            connection.execute(insert(Run), [_run(n, experiments, start - timedelta(seconds=n), dice) for n in numbers])
    engine.dispose()


def _job(n: int, experiments: int, moment: object, dice: random.Random) -> dict[str, object]:
    reference = {"model": {"uid": "starter", "name": "Starter"}, "dataset": {"uid": "d", "name": "d"}, "given": {}}
    return {
        **Job(uid=f"job_{n:013}_00000000", name=f"Job {n}", run_id=f"run-{n}", model_id=f"model-{n}").model_dump(),
        "configuration": reference,
        "validation": {"isValid": True, "errors": []},
        "state": dice.choice(STATES),
        "experiment_id": f"exp-{n % experiments}",
        "created_at": moment,
        "updated_at": moment,
    }


def _run(n: int, experiments: int, moment: object, dice: random.Random) -> dict[str, object]:
    run = Run(id=f"run-{n}", job_uid=f"job_{n:013}_00000000", experiment_id=f"exp-{n % experiments}", name=f"Run {n}")
    summary = {"train_loss": dice.random(), "validation_loss": dice.random(), "epoch": 3.0}
    return {**run.model_dump(), "status": "finished", "summary": summary, "created_at": moment, "updated_at": moment}


async def ask(path: str, rate: float, seconds: float) -> list[float]:
    """Milliseconds of each answer."""
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{PORT}", limits=limits, timeout=60, trust_env=False
    ) as client:
        (await client.get(path)).raise_for_status()

        async def one() -> float:
            started = time.perf_counter()
            (await client.get(path)).raise_for_status()
            return (time.perf_counter() - started) * 1000

        tasks, begin = [], time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(one()))
        return sorted(await asyncio.gather(*tasks))


def wait_for_service(process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            if httpx2.get(f"http://127.0.0.1:{PORT}/api/health", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    sys.exit("the backend did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--experiments", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        fill(settings, given.jobs, given.experiments)
        command = [sys.executable, "-m", "pegbox.cli.serve", "backend", "127.0.0.1", str(PORT)]
        environment = {**os.environ, "PEGBOX_HOME": folder, "PEGBOX_PORT": str(PORT), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            wait_for_service(process)
            results = {}
            print(f"{'endpoint':<50} {'p50 ms':>8} {'p99 ms':>8}")
            for path in ENDPOINTS:
                times = asyncio.run(ask(path, given.rate, given.seconds))
                p50, p99 = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99))
                results[path] = p99
                print(f"{path:<50} {p50:8.1f} {p99:8.1f}{'' if p99 < GOAL_MS else '   over the goal'}", flush=True)
        finally:
            process.terminate()
            process.wait()
    print(
        json.dumps(
            {"jobs": given.jobs, "rate": given.rate, "cpus": os.cpu_count(), "python": platform.python_version()}
        )
    )
    print(f"worst p99 / goal: {max(results.values()) / GOAL_MS:.2f}")


if __name__ == "__main__":
    main()
