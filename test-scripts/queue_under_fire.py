"""Stress test of the queue: commands of random length on fake GPUs, with cancellations and kill -9 of worker and backend.

    python test-scripts/queue_under_fire.py --jobs 500 --kills 6

It starts a Pegbox of its own in a temporary folder, needs no GPU, and ends with figures, or with what was wrong. While it runs, it
looks again and again at who holds which GPU; every command also writes down when it had which GPU, and the two must agree.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2

from pegbox.schemas.jobs.state import TERMINAL_STATES

GPUS = [f"GPU-{letter * 4}" for letter in "abcd"]
SLEEPER = (
    'echo "start $CUDA_VISIBLE_DEVICES $(date +%s.%N)" >> "$LEDGER.$PEGBOX_JOB_ID"; sleep {seconds};'
    ' echo "end $CUDA_VISIBLE_DEVICES $(date +%s.%N)" >> "$LEDGER.$PEGBOX_JOB_ID"'
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Box:
    """The backend, monitor and worker of one run."""

    def __init__(self, folder: Path, slots: int) -> None:
        self.folder = folder
        port, monitor_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "PEGBOX_HOME": str(folder / "home"),
            "PEGBOX_PORT": str(port),
            "PEGBOX_MONITOR_PORT": str(monitor_port),
            "PEGBOX_URL": self.url,
            "PEGBOX_MONITOR_URL": f"http://127.0.0.1:{monitor_port}",
            "PEGBOX_LEASE_SECONDS": "4",
        }
        serve = ("uvicorn", "--factory")
        self.commands = {
            "backend": (*serve, "backend.app:from_environment", "--port", str(port)),
            "monitor": (*serve, "monitor.app:from_environment", "--port", str(monitor_port)),
            "worker": ("pegbox", "worker", "--no-training", "--slots", str(slots), "--devices", ",".join(GPUS)),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *self.commands[name]],
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def ask(self, method: str, path: str, body: Any = None, *, patience: float = 120) -> httpx2.Response:
        """A response; retries while the backend is down."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return self.http.request(method, path, json=body)
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        for name in ("worker", "monitor", "backend"):
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.http.close()


@dataclass
class Outcome:
    """The observations. `wrong` is empty when every guarantee held."""

    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    kills: int = 0
    cancelled: int = 0
    retried: int = 0
    seconds: float = 0.0
    busy: float = 0.0


def stress(jobs: int, kills: int, cancels: int, *, seed: int, longest: float, patience: float) -> Outcome:
    """Submits jobs, kills processes, waits until every job has ended, and checks the records."""
    dice, outcome = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory(prefix="pegbox-fire-") as name:
        folder = Path(name)
        box = Box(folder, slots=4)
        box.environment["LEDGER"] = str(folder / "ledger")
        try:
            for process in ("backend", "monitor", "worker"):
                box.start(process)
            wait_for_worker(box)
            began = time.monotonic()
            ids = submit(box, dice, jobs, longest)
            watching = threading.Event()
            watcher = threading.Thread(target=watch, args=(box, watching, outcome))
            watcher.start()
            shots = sorted(
                [*("kill" for _ in range(kills)), *("cancel" for _ in range(cancels))], key=lambda _: dice.random()
            )
            kill_processes(box, dice, shots, ids, outcome, span=max(3.0, jobs * longest / 16))
            views = wait_for_the_end(box, ids, patience, outcome)
            outcome.seconds = time.monotonic() - began
            watching.set()
            watcher.join()
            check(folder, views, outcome)
        finally:
            box.stop()
        check_processes(folder, outcome)
    return outcome


def wait_for_worker(box: Box) -> None:
    for _ in range(600):
        if any(len(worker["capabilities"]["devices"]) == len(GPUS) for worker in box.ask("GET", "/api/workers").json()):
            return
        time.sleep(0.1)
    raise SystemExit("the worker did not come")


def submit(box: Box, dice: random.Random, count: int, longest: float) -> list[str]:
    """Submits jobs with random priority, GPUs and retries, some of which depend on an earlier job."""
    ids: list[str] = []
    for number in range(count):
        needed = [dice.choice(ids[-20:])] if ids and dice.random() < 0.1 else []
        body = {
            "name": f"shot {number}",
            "command": SLEEPER.format(seconds=round(dice.uniform(0.0, longest), 3)),
            "shell": True,
            "priority": dice.randint(-3, 3),
            "gpu_count": dice.choices([0, 1, 2, 4], [2, 6, 3, 1])[0],
            "max_retries": dice.choice([0, 2, 5]),
            "depends_on": needed,
        }
        answer = box.ask("POST", "/api/jobs", body)
        if answer.status_code == 422 and needed:  # the dependency has failed already
            answer = box.ask("POST", "/api/jobs", {**body, "depends_on": []})
        answer.raise_for_status()
        ids.append(answer.json()["id"])
    return ids


def kill_processes(
    box: Box, dice: random.Random, shots: list[str], ids: list[str], outcome: Outcome, span: float
) -> None:
    """Spreads the kills over `span` seconds; restarts a killed process after a moment."""
    for shot in shots:
        time.sleep(dice.uniform(0, 2 * span / max(1, len(shots))))
        if shot == "cancel":
            outcome.cancelled += box.ask("POST", f"/api/jobs/{dice.choice(ids)}/cancel").status_code == 200
            continue
        victim = dice.choice(["worker", "backend"])
        box.kill(victim)
        outcome.kills += 1
        time.sleep(dice.uniform(0.1, 1.0))
        box.start(victim)


def watch(box: Box, ended: threading.Event, outcome: Outcome) -> None:
    """Checks that every GPU is leased to at most one job, and that only running jobs hold leases."""
    busy = 0
    with httpx2.Client(base_url=box.url, timeout=30, trust_env=False) as http:
        while not ended.wait(0.1):
            try:
                queue = http.get("/api/queue", params={"limit": 1}).json()
            except (httpx2.TransportError, ValueError):
                continue
            held = [device["uuid"] for device in queue["devices"] if device["job"]]
            outcome.looks += 1
            busy += len(held)
            if len(set(held)) != len(held):
                outcome.wrong.append(f"a GPU is listed twice: {held}")
    outcome.busy = busy / (len(GPUS) * max(1, outcome.looks))


def wait_for_the_end(box: Box, ids: list[str], patience: float, outcome: Outcome) -> list[dict[str, Any]]:
    deadline = time.monotonic() + patience
    while True:
        # Counts only: serializing five hundred jobs several times a second would be most of the backend's work.
        is_over = box.ask("GET", "/api/jobs/statistics").json()["current"]["total"] == 0
        if is_over or time.monotonic() > deadline:
            views = box.ask("GET", "/api/jobs?view=array").json()
            open_jobs = [view for view in views if view["state"] not in TERMINAL_STATES]
            if not open_jobs:
                return list(views)
            stuck = [(view["id"], view["state"], view["gpu_count"], view["worker_id"]) for view in open_jobs]
            outcome.wrong.append(f"{len(stuck)} of {len(ids)} jobs have not ended: {stuck[:5]}")
            return list(views)
        time.sleep(0.3)


def check(folder: Path, views: list[dict[str, Any]], outcome: Outcome) -> None:
    """Checks final states, exclusive use of GPUs, and dependencies."""
    by_id = {view["id"]: view for view in views}
    spans: dict[str, list[tuple[float, float, str]]] = {}
    for view in views:
        outcome.states[view["state"]] += 1
        outcome.retried += view["retries"] > 0
        lines = [line.split(" ") for line in ledger_of(folder, view["id"])]
        starts = [line for line in lines if line[0] == "start"]
        ends = [line for line in lines if line[0] == "end"]
        if view["state"] == "completed" and (view["exit_code"] != 0 or not ends):
            outcome.wrong.append(f"{view['id']} is completed, but its command did not end")
        if view["state"] == "failed" and not view["error_message"]:
            outcome.wrong.append(f"{view['id']} failed without a reason")
        if len(starts) > view["max_retries"] + 1:
            outcome.wrong.append(f"{view['id']} ran {len(starts)} times with {view['max_retries']} retries")
        for needed in view["depends_on"]:
            if view["state"] == "completed" and by_id[needed]["state"] != "completed":
                outcome.wrong.append(f"{view['id']} ran although {needed} is {by_id[needed]['state']}")
        # Only completed attempts have a known span; a killed attempt has no end line.
        for begun, ended in zip(starts[-1:], ends[-1:], strict=False):
            for device in filter(None, begun[1].split(",")):
                spans.setdefault(device, []).append((float(begun[2]), float(ended[2]), view["id"]))
            if len(list(filter(None, begun[1].split(",")))) != view["gpu_count"]:
                outcome.wrong.append(f"{view['id']} saw '{begun[1]}' and wanted {view['gpu_count']} GPUs")
    for device, used in spans.items():
        if device not in GPUS:
            outcome.wrong.append(f"{device} is no GPU of this worker")
        for one, other in pairwise(sorted(used)):
            if other[0] < one[1]:
                outcome.wrong.append(f"{device} was used by {one[2]} and {other[2]} at the same time")


def ledger_of(folder: Path, key: str) -> list[str]:
    path = folder / f"ledger.{key}"
    return path.read_text().splitlines() if path.exists() else []


def check_processes(folder: Path, outcome: Outcome) -> None:
    """Checks that no process started by a worker is alive after the worker ended."""
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"LEDGER={folder}/ledger".encode() in entry.read_bytes():
                outcome.wrong.append(f"process {entry.parent.name} is still alive")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--cancels", type=int, default=40)
    parser.add_argument("--longest", type=float, default=0.6, help="seconds that a command sleeps at most")
    parser.add_argument("--patience", type=float, default=900, help="seconds to wait for the last job")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    outcome = stress(
        given.jobs, given.kills, given.cancels, seed=given.seed, longest=given.longest, patience=given.patience
    )
    figures = {
        "jobs": sum(outcome.states.values()),
        **outcome.states,
        "retried": outcome.retried,
        "kills": outcome.kills,
        "cancellations": outcome.cancelled,
        "looks": outcome.looks,
        "gpus_busy": f"{outcome.busy:.0%}",
        "seconds": round(outcome.seconds, 1),
        "jobs_per_second": round(sum(outcome.states.values()) / outcome.seconds, 1),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if outcome.wrong:
        sys.exit("WRONG:\n" + "\n".join(outcome.wrong[:20]))
    sys.stdout.write("every promise was kept\n")


if __name__ == "__main__":
    main()
