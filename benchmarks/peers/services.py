"""`pegbox up` on free ports in a folder of its own, for benchmarks that measure the whole product."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Services:
    backend: str
    monitor: str

    def submit(self, csv_file: Path, model: Path, hyperparameters: dict[str, Any]) -> str:
        """Uploads, adds the model, queues a job; its uid. Nothing is waited for."""
        with csv_file.open("rb") as file:
            dataset = call("POST", f"{self.backend}/api/datasets", files={"file": ("rows.csv", file, "text/csv")})
        if not call("GET", f"{self.backend}/api/models/check/{model}")["exists"]:
            call("POST", f"{self.backend}/api/models", json={"id": str(model)})
        return self.create(dataset["uid"], str(model), hyperparameters)

    def create(self, dataset: str, model: str, hyperparameters: dict[str, Any]) -> str:
        """Queues a job on what is there already."""
        configuration = {"model": {"uid": model}, "dataset": {"uid": dataset}, "hyperparameters": hyperparameters}
        body = {"name": "benchmark", "configuration": configuration}
        return str(call("POST", f"{self.backend}/api/jobs", json=body, params={"strict": "true"})["jobUid"])

    def wait(self, uid: str, seconds: float = 900) -> dict[str, Any]:
        """The job once it has completed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = call("GET", f"{self.backend}/api/jobs/{uid}")
            if job["state"] == "completed":
                return job
            if job["state"] == "failed":
                raise SystemExit(f"the job failed: {job['error_message']}")
            time.sleep(1)
        raise SystemExit("the job did not end in time")

    def wait_until_idle(self) -> None:
        """Waits until the worker asks for a job again: its next trainer is warm then and leaves the cores alone."""
        since = datetime.now(UTC) + timedelta(seconds=2)
        while True:
            seen = [
                datetime.fromisoformat(worker["last_seen_at"]) for worker in call("GET", f"{self.backend}/api/workers")
            ]
            if seen and max(seen) > since:
                return
            time.sleep(0.5)

    def points(self, uid: str, metric: str) -> list[tuple[float, float]]:
        """Unix time and value of each step."""
        answer = call("GET", f"{self.monitor}/api/runs/{uid}/series", params={"metrics": metric, "cols": 10_000})
        series = answer["series"][metric]
        return list(zip(series["time"], series["mean"], strict=True))


def call(method: str, url: str, **options: Any) -> Any:
    """The JSON of an answer; ends the benchmark when it is an error."""
    answer = httpx2.request(method, url, timeout=60, **options)
    if answer.status_code >= 400:
        raise SystemExit(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


@contextlib.contextmanager
def running_services(folder: Path) -> Iterator[Services]:
    """A running Pegbox; its output goes to `<folder>/up.log`."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    words = ["up", "--home", str(folder / "home"), "--port", str(ports[0]), "--monitor-port", str(ports[1])]
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pegbox", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        services = Services(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
        deadline = time.monotonic() + 120
        while not _ready(services):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "up.log").read_text())
            time.sleep(0.5)
        yield services
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _ready(services: Services) -> bool:
    """Both services answer, and a worker with a warm trainer asks for jobs."""
    try:
        health = [
            httpx2.get(f"{url}/api/health", timeout=2).status_code for url in (services.backend, services.monitor)
        ]
        workers = httpx2.get(f"{services.backend}/api/workers", timeout=2).json()
    except httpx2.HTTPError:
        return False
    return health == [200, 200] and bool(workers)
