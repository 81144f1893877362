"""Backend and monitor with running jobs that have a history, and messages that keep coming, for the dashboard's benchmark."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import os
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from peers.services import call

from pegbox.sample import SAMPLE_CSV
from tests.stack import Stack

BATCH_STEPS = 5_000
METRICS = (
    "train_loss",
    "validation_loss",
    "grad_norm",
    "learning_rate",
    "tokens_per_second",
    "step_seconds",
    "memory_bytes",
)
STEPS_PER_EPOCH = 50_000
ANSWERS = [{"prompt": f"Question {n}?", "expected": "word " * 20, "answer": "word " * 19} for n in range(5)]
QUIET = {"PEGBOX_LEASE_SECONDS": "86400", "PEGBOX_TOKEN": "", "HF_ENDPOINT": "http://127.0.0.1:9"}


@dataclass
class Job:
    """A running job, or a script's run; `steps` have been logged, `sequence` is that of its next batch."""

    uid: str
    run: str
    steps: int = 0
    sequence: int = 0
    claim_token: str = ""
    metrics: tuple[str, ...] = METRICS


class Scene:
    """Makes and feeds jobs on a stack as a worker and a trainer would, over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        with SAMPLE_CSV.open("rb") as file:
            answer = call("POST", f"{stack.backend_url}/api/datasets", files={"file": ("rows.csv", file, "text/csv")})
        self._dataset = answer["uid"]
        self._monitor = http.client.HTTPConnection(stack.monitor_url.removeprefix("http://"))

    def start_job(self, name: str, history: int) -> Job:
        """A job that runs and has logged `history` steps with every metric of the job page."""
        configuration = {"model": {"uid": "starter"}, "dataset": {"uid": self._dataset}, "hyperparameters": {}}
        body = {"name": name, "configuration": configuration}
        uid = call("POST", f"{self.stack.backend_url}/api/jobs", json=body, params={"strict": "true"})["jobUid"]
        worker = {"worker_id": "bench", "hostname": "bench", "capabilities": {"methods": ["full", "lora"]}}
        claim = call("POST", f"{self.stack.backend_url}/api/queue/claim", json=worker)
        if claim["job"]["uid"] != uid:
            raise SystemExit("another job was claimed")
        beat = {"claim_token": claim["claim_token"], "phase": "train", "step": history, "max_steps": 10 * (history + 1)}
        call("POST", f"{self.stack.backend_url}/api/queue/{uid}/heartbeat", json=beat)
        job = Job(uid, claim["job"]["run_id"], claim_token=claim["claim_token"])
        self._announce(job, name, history, job_uid=uid)
        return job

    def start_script(self, name: str, history: int) -> Job:
        """A script's run with one metric more, so that its page has eight charts."""
        job = Job("", "run-of-a-script", metrics=(*METRICS, "accuracy"))
        self._announce(job, name, history)
        return job

    def _announce(self, job: Job, name: str, history: int, **more: str) -> None:
        run = {"id": job.run, "experiment": "benchmark", "name": name, "total_steps": 10 * (history + 1), **more}
        call("POST", f"{self.stack.monitor_url}/api/runs", json=run)
        for first in range(0, history, BATCH_STEPS):
            self._fill(job, range(first, min(first + BATCH_STEPS, history)), time.time() - (history - first) * 0.05)

    def complete(self, job: Job) -> None:
        """Ends the job well."""
        report = {"claim_token": job.claim_token, "outcome": "completed", "step": job.steps}
        call("POST", f"{self.stack.backend_url}/api/queue/{job.uid}/report", json=report)

    def log_step(self, job: Job, *, evaluates: bool = False) -> None:
        """One step in one request: one message to each viewer; with an evaluation also two events and a set of answers."""
        step, moment = job.steps, time.time()
        values: dict[str, list[float]] = {metric: [value(metric, step)] for metric in job.metrics}
        values["epoch"] = [step / STEPS_PER_EPOCH]
        body: dict[str, Any] = {"points": {"step": [step], "time": [moment], "metrics": values}}
        if evaluates:
            shared = {"time": moment, "step": step}
            body["events"] = [
                {**shared, "kind": "evaluation", "title": f"Validation loss {value('validation_loss', step):.4f}"},
                {**shared, "kind": "checkpoint", "title": f"Checkpoint at step {step}"},
            ]
            body["samples"] = [{**shared, "name": "validation", "rows": ANSWERS}]
        self._send(job, json.dumps({**body, "writer": "bench", "sequence": job.sequence}).encode(), "json")
        job.steps += 1

    def _fill(self, job: Job, steps: range, first_moment: float) -> None:
        count = len(steps)
        columns = {
            metric: struct.pack(f"<{count}d", *(value(metric, step) for step in steps)) for metric in job.metrics
        }
        columns["epoch"] = struct.pack(f"<{count}d", *(step / STEPS_PER_EPOCH for step in steps))
        points = {
            "step": struct.pack(f"<{count}q", *steps),
            "time": struct.pack(f"<{count}d", *(first_moment + 0.05 * place for place in range(count))),
            "metrics": columns,
        }
        batch = {"writer": "bench", "sequence": job.sequence, "points": points}
        self._send(job, msgspec.msgpack.encode(batch), "msgpack")
        job.steps = steps.stop

    def _send(self, job: Job, body: bytes, form: str) -> None:
        headers = {"Content-Type": f"application/{form}"}
        self._monitor.request("POST", f"/api/runs/{job.run}/batches", body, headers)
        answer = self._monitor.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {text[:300]!r}")
        job.sequence += 1

    @contextlib.contextmanager
    def messages(self, jobs: list[Job], per_second: float, evaluate_every: int = 0) -> Iterator[None]:
        """Steps at this rate over all jobs in turns, from a thread, until the block ends."""
        stop = threading.Event()

        def feed() -> None:
            due = time.monotonic()
            number = 0
            while not stop.is_set():
                job = jobs[number % len(jobs)]
                self.log_step(job, evaluates=bool(evaluate_every) and job.steps % evaluate_every == 0)
                number += 1
                due += 1 / per_second
                time.sleep(max(0.0, due - time.monotonic()))

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextlib.contextmanager
def scene(folder: Path, env: dict[str, str] | None = None) -> Iterator[Scene]:
    """Real services on free ports over an empty SQLite file."""
    home = folder / "home"
    home.mkdir(parents=True)
    with Stack(home, {**QUIET, **(env or {})}) as stack:
        yield Scene(stack)


def value(metric: str, step: int) -> float:
    """A curve with a course and some noise."""
    noise = math.sin(step * 12.9898) * 43758.5453 % 1
    match metric:
        case "train_loss":
            return 0.4 + 4 * math.exp(-step / 20_000) + 0.2 * noise
        case "validation_loss":
            return 0.5 + 4 * math.exp(-step / 20_000) + 0.02 * noise
        case "learning_rate":
            return 3e-4 * (1 + math.cos(min(step, 1_000_000) / 1_000_000 * math.pi)) / 2
        case "grad_norm" | "accuracy":
            return 0.5 + noise
        case "tokens_per_second":
            return 4000 + 300 * noise
        case "step_seconds":
            return 0.05 + 0.01 * noise
        case _:
            return 600 * 2**20


def load() -> str:
    """What else the machine does, for the conditions of a figure."""
    return f"load {os.getloadavg()[0]:.1f}"
