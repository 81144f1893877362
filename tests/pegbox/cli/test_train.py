"""`pegbox train`: from a CSV file to a fine-tuned model."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.pegbox.cli.conftest import Pegbox
from tests.stack import ROOT, Stack, http, wait_until

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A backend, a monitor and a worker, shared by the tests of this file."""
    home = tmp_path_factory.mktemp("workshop") / "home"
    home.mkdir()
    with Stack(home) as stack:
        stack.start("worker")
        yield stack


def test_train_follows_to_the_end_and_the_model_answers(workshop: Stack, pegbox: Pegbox, few_rows: Path) -> None:
    words = ("train", str(few_rows), "--max-steps", "6", "--set", "eval_steps=3")
    outcome = pegbox(*words, stack=workshop, seconds=200)

    assert outcome.code == 0, outcome.err
    assert re.search(r"step 0: validation loss \d", outcome.out)
    assert re.search(r"step 6: validation loss \d", outcome.out)
    assert outcome.out.count("  before    ") == outcome.out.count("  after     ") == 5
    assert "Held-out questions answered word for word: " in outcome.out
    found = re.search(r"^Model: (.+)$", outcome.out, re.MULTILINE)
    assert found
    assert (Path(found[1]) / "model.safetensors").is_file()

    model = next(m for m in pegbox("model", "list", "--json", stack=workshop).json if m["id"].startswith("model-"))
    asked = pegbox("model", "ask", model["id"], "What does len do?", "--json", stack=workshop, seconds=100)
    assert set(asked.json) == {"model", "question", "answer"}
    logged = pegbox("job", "logs", model["source_job"], stack=workshop)
    assert "step 6/6  validation_loss" in logged.out


def test_ctrl_c_leaves_the_job_running(workshop: Stack, pegbox: Pegbox, few_rows: Path, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PEGBOX_URL": workshop.backend_url,
        "PEGBOX_MONITOR_URL": workshop.monitor_url,
        "PYTHONUNBUFFERED": "1",
    }
    log = tmp_path / "train.out"
    with log.open("wb") as out:
        following = subprocess.Popen(
            [sys.executable, "-m", "pegbox", "train", str(few_rows), "--max-steps", "5000"],
            env=env,
            stdout=out,
            stderr=out,
            # SIGINT may be ignored when the tests run in the background.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
    wait_until(lambda: "step 0: validation loss" in log.read_text(), seconds=100, what="the first evaluation")

    following.send_signal(signal.SIGINT)

    assert following.wait(60) == 130
    uid = re.findall(r"job_\w+", log.read_text())[0]
    assert f"The job goes on. Watch it again: pegbox job follow {uid}" in log.read_text()
    assert pegbox("job", "show", uid, "--json", stack=workshop).json["state"] == "running"
    pegbox("job", "cancel", uid, stack=workshop)
    followed = pegbox("job", "follow", uid, stack=workshop)
    assert (followed.code, followed.err) == (1, "cancelled\n")


def test_pause_and_resume_continue_the_same_curve(workshop: Stack, pegbox: Pegbox, few_rows: Path) -> None:
    words = ("train", str(few_rows), "--max-steps", "400", "--set", "eval_steps=200", "--no-follow", "--json")
    uid = pegbox(*words, stack=workshop).json["uid"]

    def show() -> dict[str, object]:
        shown: dict[str, object] = http.get(f"{workshop.backend_url}/api/jobs/{uid}").json()
        return shown

    wait_until(lambda: show()["training"]["currentStep"] >= 3, seconds=100, what="the first steps")  # type: ignore[index]
    pegbox("job", "pause", uid, stack=workshop)
    wait_until(lambda: show()["state"] == "paused", seconds=60, what="the pause")
    pegbox("job", "resume", uid, stack=workshop)

    def events() -> list[dict[str, object]]:
        found: list[dict[str, object]] = http.get(f"{workshop.monitor_url}/api/runs/{uid}/events").json()
        return found

    wait_until(lambda: any(event["kind"] == "resumed" for event in events()), what="the second attempt")
    pegbox("job", "cancel", uid, stack=workshop)
    wait_until(lambda: show()["state"] == "cancelled", what="the end")

    url = f"{workshop.monitor_url}/api/runs/{uid}/series?metrics=train_loss&cols=10000"
    series = http.get(url).json()["series"]["train_loss"]
    assert set(series["count"]) == {1}
    assert series["x"] == list(range(1, len(series["x"]) + 1))
    wait_until(
        lambda: http.get(f"{workshop.monitor_url}/api/runs/{uid}").json()["status"] == "cancelled",
        what="the run's end",
    )
