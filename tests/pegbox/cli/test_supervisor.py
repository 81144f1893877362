"""Processes are restarted with increasing delays and stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.stack import ROOT, wait_until

SCRIPT = """
import os, sys
from pegbox.cli.process_log import ProcessLog
from pegbox.cli.supervisor import Child, Supervisor

steady = "import os, time; print('steady', os.getpid(), flush=True); time.sleep(600)"
brief = "import sys; print('brief is here', flush=True); sys.exit(3)"
stubborn = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('stubborn is here', flush=True); time.sleep(600)"
)
children = [Child(name, [sys.executable, "-c", code]) for name, code in (("first", steady), ("second", eval(sys.argv[1])))]
stream = ProcessLog(["first", "second"])
Supervisor(children, dict(os.environ), stream.print_line).run(lambda: None)
"""


class Run:
    def __init__(self, log: Path, second: str) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, second], cwd=ROOT, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def lines(self) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.log.read_text().splitlines() if " " in line]

    def has(self, text: str, times: int = 1) -> bool:
        return sum(text in line for line in self.lines) >= times

    @property
    def steady_pids(self) -> list[int]:
        return [int(line.split()[-1]) for line in self.lines if " steady " in line]


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        for process in psutil.Process(run.process.pid).children(recursive=True) if run.process.poll() is None else []:
            process.kill()
        run.process.kill()
        run.process.wait()


def test_a_child_that_ends_is_restarted_with_growing_pauses(tmp_path: Path, runs: list[Run]) -> None:
    run = Run(tmp_path / "log", "brief")
    runs.append(run)

    wait_until(lambda: run.has("brief is here", 3), what="three starts")

    said = [line.split("pegbox ", 1)[1].strip() for line in run.lines if line.startswith("pegbox ")]
    assert said[:2] == [
        "second ended with exit code 3; starting it again in 0.5 s",
        "second ended with exit code 3; starting it again in 1 s",
    ]
    assert len(run.steady_pids) == 1, "the other child is left in peace"


def test_a_killed_child_comes_back(tmp_path: Path, runs: list[Run]) -> None:
    run = Run(tmp_path / "log", "steady")
    runs.append(run)
    wait_until(lambda: len(run.steady_pids) == 2, what="both children")

    os.kill(run.steady_pids[0], signal.SIGKILL)

    wait_until(lambda: len(run.steady_pids) == 3, what="the restart")
    assert run.has("was killed by SIGKILL; starting it again in 0.5 s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_all_in_reverse_order(number: signal.Signals, tmp_path: Path, runs: list[Run]) -> None:
    run = Run(tmp_path / "log", "steady")
    runs.append(run)
    wait_until(lambda: len(run.steady_pids) == 2, what="both children")

    run.process.send_signal(number)

    assert run.process.wait(20) == 0
    assert not any(psutil.pid_exists(pid) for pid in run.steady_pids)
    assert [line.split()[-1] for line in run.lines if "stopping" in line] == ["second", "first"]


def test_a_second_signal_does_not_wait(tmp_path: Path, runs: list[Run]) -> None:
    run = Run(tmp_path / "log", "stubborn")
    runs.append(run)
    wait_until(lambda: run.has("stubborn is here"), what="the stubborn child")

    run.process.send_signal(signal.SIGINT)
    wait_until(lambda: run.has("stopping second"), what="the first stop")
    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(10) == 0
    assert run.has("stopping at once")
