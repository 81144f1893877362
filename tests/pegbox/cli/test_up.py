"""`pegbox up` on a new data folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.pegbox.cli.conftest import Pegbox
from tests.stack import ROOT, free_port, http, wait_until

pytestmark = pytest.mark.train


class Up:
    """A running `pegbox up`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port, self.monitor_port = free_port(), free_port()
        self.log = home.parent / "up.out"
        words = ["--home", str(home), "--port", str(self.port), "--monitor-port", str(self.monitor_port), *options]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pegbox", "up", *words],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                cwd=home.parent,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self.log.read_text("utf-8")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        wait_until(lambda: re.search(text, self.output), seconds=seconds, what=f"'{text}' in:\n{self.output}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, name: str) -> psutil.Process:
        found: psutil.Process = wait_until(
            lambda: next((process for process in self.family() if name in process.cmdline()), None), what=name
        )
        return found


@pytest.fixture
def ups() -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    for up in started:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGTERM)
            up.process.wait(40)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def jobs(up: Up) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"{up.url}/api/jobs", timeout=10).json()["jobs"]
    return found


def test_up_says_its_address_restarts_what_dies_and_stops_on_ctrl_c(home: Path, ups: list[Up], pegbox: Pegbox) -> None:
    up = Up(home)
    ups.append(up)
    up.wait_for(rf"pegbox +ready: {up.url}\n")
    assert jobs(up) == [], "without --sample it starts empty"

    second = pegbox("up", "--home", str(home), "--port", str(free_port()), "--monitor-port", str(free_port()))
    assert second.code == 1
    assert second.err == (
        f"pegbox: Another `pegbox up` uses the data folder {home}; stop it, or choose another folder with --home\n"
    )

    up.child("monitor").kill()
    up.wait_for(r"monitor was killed by SIGKILL; starting it again in 0\.5 s")
    monitor = f"http://127.0.0.1:{up.monitor_port}/api/health"
    wait_until(lambda: answers(monitor), what="the monitor's return")

    family = up.family()
    assert len(family) >= 3
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(40) == 0
    assert gone(family)
    assert [line.split()[-1] for line in up.output.splitlines() if "stopping" in line] == [
        "worker",
        "monitor",
        "backend",
    ]
    assert "Traceback" not in up.output


def answers(url: str) -> bool:
    try:
        return http.get(url, timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def test_the_sample_brings_data_and_a_first_training(home: Path, ups: list[Up]) -> None:
    up = Up(home, "--sample")
    ups.append(up)
    up.wait_for(r"watch the first training: .*/jobs/job_")

    (job,) = jobs(up)
    assert job["configuration"]["model"]["uid"] == "starter"
    dataset = http.get(f"{up.url}/api/datasets").json()[0]
    assert (dataset["name"], dataset["rows"]) == ("Python docstrings", 1160)

    up.wait_for(rf"worker +job {job['uid']}: attempt 1")
    wait_until(lambda: jobs(up)[0]["training"]["currentStep"] > 0, seconds=90, what="the first step")
    family = up.family()
    up.process.kill()
    up.process.wait()
    wait_until(lambda: gone(family), seconds=60, what="the end of all processes after kill -9 of the supervisor")
    checkpoints = list((home / "jobs" / job["uid"] / "work" / "checkpoints").glob("*/complete.json"))
    assert checkpoints, "the training saved before it left"


@pytest.mark.parametrize("option", ["--port", "--monitor-port"])
def test_a_taken_port_is_refused_with_advice(option: str, home: Path, pegbox: Pegbox) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        words = {"--port": str(free_port()), "--monitor-port": str(free_port()), option: str(port)}
        refused = pegbox("up", "--home", str(home), *(word for pair in words.items() for word in pair))

    assert refused.code == 1
    assert refused.err == (
        f"pegbox: Cannot listen on 127.0.0.1 port {port} (Address already in use). "
        f"Stop the program that uses it, or choose another: pegbox up {option} {port + 10}\n"
    )


def test_the_whole_network_is_refused_without_a_token(home: Path, pegbox: Pegbox) -> None:
    refused = pegbox("up", "--home", str(home), "--host", "0.0.0.0", "--port", str(free_port()))

    assert refused.code == 1
    assert "PEGBOX_TOKEN" in refused.err
    assert refused.err.count("\n") == 1
