"""A small cast of real records: a dataset, and jobs in every state, made through the services' own API.

A job runs when this module claims it as a worker would and logs its run through the SDK.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

import pegbox
from pegbox.sample import SAMPLE_CSV
from pegbox.sdk.recording.run import Run
from tests.stack import Stack

STEPS = 60
TOTAL_STEPS = 120
EVALUATE_EVERY = 20
ROWS_PER_EPOCH = 40
ANSWERS = [
    {"prompt": "What does len do?", "expected": "Return the number of items in a container."},
    {"prompt": "Explain str.upper.", "expected": "Return a copy of the string converted to uppercase."},
]


@dataclass
class Cast:
    """Uids by role."""

    dataset: str
    running: str
    completed: str
    failed: str
    queued: str
    paused: str
    unready: str
    script: str
    versioned: str


@dataclass
class Claimed:
    """A job that is being worked on: the run it logs to, and what the queue wants to hear."""

    uid: str
    claim_token: str
    run: Run


class Director:
    """Makes records on a stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx2.Client(base_url=stack.backend_url, timeout=30)
        self.runs: list[Run] = []

    def close(self) -> None:
        """Ends the runs still open, while there is a monitor to tell."""
        for run in self.runs:
            run.finish()
        self.http.close()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.http.post(path, json=body)
        response.raise_for_status()
        return dict(response.json())

    def add_dataset(self, name: str = "Python docstrings", path: Path = SAMPLE_CSV) -> str:
        with path.open("rb") as file:
            preview = self.http.post("/api/preview-csv", files={"file": (path.name, file)})
        preview.raise_for_status()
        body = {"name": name, "description": "What functions of Python do", "sha256": preview.json()["sha256"]}
        return str(self.post("/api/datasets", body)["uid"])

    def add_job(self, name: str, dataset: str, **more: Any) -> str:
        configuration = {
            "model": {"uid": "starter"},
            "dataset": {"uid": dataset},
            "hyperparameters": {"batch_size": 16, "epochs": 3},
        }
        return str(self.post("/api/jobs", {"name": name, "configuration": configuration, **more})["jobUid"])

    def claim(self) -> Claimed:
        """The oldest queued job, with its run begun."""
        claim = self.post(
            "/api/queue/claim",
            {"worker_id": "workbench", "hostname": "workbench", "capabilities": {"methods": ["full", "lora"]}},
        )
        job = claim["job"]
        run = pegbox.init(
            id=job["run_id"],
            job_uid=job["uid"],
            experiment="browser",
            name=job["name"],
            total_steps=TOTAL_STEPS,
            url=self.stack.monitor_url,
            home=self.stack.home,
        )
        self.runs.append(run)
        run.log_event("phase", "prepare", "Reading the dataset")
        run.log_event("phase", "load", "Loading Starter")
        run.log_event("phase", "train", "Training on 1044 rows")
        return Claimed(job["uid"], claim["claim_token"], run)

    def beat(self, job: Claimed, step: int) -> None:
        body = {"claim_token": job.claim_token, "phase": "train", "step": step, "max_steps": TOTAL_STEPS}
        self.post(f"/api/queue/{job.uid}/heartbeat", body)

    def train(self, job: Claimed, until: int = STEPS, start: int = 0) -> None:
        """Logs what a training logs, up to and with step `until`."""
        if start == 0:
            self.evaluate(job, 0)
        for step in range(start + 1, until + 1):
            log_step(job.run, step)
            if step % EVALUATE_EVERY == 0:
                self.evaluate(job, step)
        job.run.flush()
        self.beat(job, until)

    def evaluate(self, job: Claimed, step: int) -> None:
        loss = validation_loss(step)
        job.run.log({"validation_loss": loss, "epoch": step / ROWS_PER_EPOCH}, step=step)
        answers = [{**row, "answer": row["expected"] if step >= EVALUATE_EVERY else "the the the"} for row in ANSWERS]
        job.run.log_samples("validation", answers, step=step)
        job.run.log_event("evaluation", f"Validation loss {loss:.4f}", step=step)
        job.run.log_event("checkpoint", f"Checkpoint at step {step}", step=step)

    def report(self, job: Claimed, outcome: str, **more: Any) -> None:
        status = {"completed": "finished"}.get(outcome, outcome)
        job.run.finish(status)
        self.runs.remove(job.run)
        self.post(f"/api/queue/{job.uid}/report", {"claim_token": job.claim_token, "outcome": outcome, **more})


def log_step(run: Run, step: int) -> None:
    """One step's metrics; step 30's gradient is not finite."""
    run.log(
        {
            "train_loss": train_loss(step),
            "learning_rate": 3e-3 * (1 - step / TOTAL_STEPS),
            "grad_norm": math.nan if step == 30 else 1 + 2 / step,
            "tokens_per_second": 4000 + 200 * math.sin(step),
            "step_seconds": 0.07 + 0.01 * math.sin(step),
            "memory_bytes": 600 * 2**20,
            "epoch": step / ROWS_PER_EPOCH,
        },
        step=step,
    )


def log_script(director: Director) -> str:
    """A finished run of a script, with one of everything that a run can keep; its id."""
    url = director.stack.monitor_url
    with pegbox.init(experiment="Scripts", name="Script run", config={"lr": 0.01, "net": {"depth": 3}}, url=url) as run:
        for step in range(1, 31):
            run.log({"train_loss": 3 / step, "accuracy": step / 50, "layers/first": step * 2.0}, step=step)
        run.log({"weights": pegbox.Histogram([1.0, 2.0, 2.5, 7.0, math.nan])}, step=30)
        run.log({"notes": pegbox.Text("A sentence of the script")}, step=30)
        run.log({"confusion": pegbox.Table(["truth", "guess"], [["cat", "dog"], ["dog", "dog"]])}, step=30)
        run.alert("Loss is flat", "for ten steps", level="warning")
        file = director.stack.home / "notes.txt"
        file.write_text("kept")
        run.log_artifact(file)
    return run.id


def train_loss(step: int) -> float:
    return 0.1 + 7 * math.exp(-step / 15) + 0.05 * math.sin(step * 1.7)


def validation_loss(step: int) -> float:
    return 0.2 + 7 * math.exp(-step / 15)


def add_versions(director: Director) -> str:
    """A dataset that has changed twice; its uid."""
    contents = (
        "id,input,output\n1,one?,1\n2,two?,2\n3,three?,3\n",
        "id,input,output\n1,one?,1\n2,two?,zwei\n4,four?,4\n",
        "id,input,output\n1,one?,1\n2,two?,zwei\n4,four?,4\n5,five?,5\n",
    )
    path = "/api/datasets"
    for number, content in enumerate(contents):
        fields = {"name": "Numbers", "message": "" if number == 0 else f"change {number}"}
        answer = director.http.post(path, files={"file": ("numbers.csv", content.encode())}, data=fields)
        answer.raise_for_status()
        path = f"/api/datasets/{answer.json()['uid']}/versions"
    return str(answer.json()["uid"])


def make_cast(director: Director) -> Cast:
    """One of each. The queued ones come last: nobody claims them."""
    dataset = director.add_dataset()
    completed = director.add_job("Finished run", dataset)
    job = director.claim()
    director.train(job)
    director.report(
        job,
        "completed",
        step=STEPS,
        result={
            "model_path": str(director.stack.home / "models" / "finished"),
            "steps": STEPS,
            "metrics": {"first_validation_loss": 7.2, "best_validation_loss": 0.21},
            "exact_match": {"correct": 107, "total": 116},
            "parameters": 1_680_000,
            "trainable_parameters": 1_680_000,
            "runtime_seconds": 34.0,
        },
    )
    failed = director.add_job("Broken run", dataset)
    job = director.claim()
    director.train(job, until=12)
    log = director.stack.home / "jobs" / failed / "stderr.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("Traceback (most recent call last):\n  …\nRuntimeError: the loss is not finite since step 12\n")
    director.report(job, "failed", step=12, error="The loss is not finite since step 12.", exit_code=1)
    running = director.add_job("Live run", dataset)
    director.train(director.claim())
    queued = director.add_job("Waiting run", dataset)
    paused = director.add_job("Paused run", dataset)
    director.post(f"/api/jobs/{paused}/pause", {})
    unready = director.add_job("Run without data", "no-such-dataset")
    script = log_script(director)
    versioned = add_versions(director)
    return Cast(dataset, running, completed, failed, queued, paused, unready, script, versioned)
