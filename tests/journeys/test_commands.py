"""Command jobs on a real worker: output, exit codes, metrics, secrets, and processes that are really gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.stack import Stack, http, wait_until

pytestmark = pytest.mark.slow

ENVIRONMENT = {
    "PEGBOX_TRAINING": "0",
    "PEGBOX_DEVICES": "GPU-a,GPU-b",
    "PEGBOX_SLOTS": "4",
    "WORKER_SECRET": "of-the-worker",
}
STUBBORN = '(trap "" TERM; exec sleep 1000) & echo $!; wait'
"""A grandchild that does not end when it is asked to."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Backend, monitor, and a worker for commands with two pretended GPUs."""
    home = tmp_path_factory.mktemp("box") / "home"
    home.mkdir()
    with Stack(home, ENVIRONMENT) as stack:
        stack.start("worker")
        wait_until(lambda: http.get(f"{stack.backend_url}/api/workers").json(), seconds=90, what="the worker")
        yield stack


def submit(box: Stack, command: str, **more: Any) -> str:
    body = {"name": "a command", "command": command, "shell": True, "gpu_count": 0, **more}
    answer = http.post(f"{box.backend_url}/api/jobs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def job(box: Stack, key: str) -> dict[str, Any]:
    return dict(http.get(f"{box.backend_url}/api/jobs/{key}").json())


def end_of(box: Stack, key: str) -> dict[str, Any]:
    wait_until(lambda: job(box, key)["completed_at"], seconds=120, what=f"the end of {key}")
    return job(box, key)


def output(box: Stack, key: str, stream: str = "stdout") -> str:
    return http.get(f"{box.backend_url}/api/jobs/{key}/logs", params={"stream": stream}).text


def printed_pid(box: Stack, key: str) -> int:
    return int(wait_until(lambda: output(box, key).strip(), seconds=60, what="the first output"))


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_output_environment_secrets_and_metrics(box: Stack) -> None:
    command = (
        'echo "gpus=$CUDA_VISIBLE_DEVICES"; echo "$API_KEY $WORKER_SECRET" >&2; pwd; echo "id=$PEGBOX_JOB_ID";'
        """ echo 'METRIC:{"step": 3, "loss": 0.25, "note": "x"}'; echo 'METRIC:broken'; exit 3"""
    )
    key = submit(box, command, gpu_count=2, environment={"API_KEY": "very-secret", "CUDA_VISIBLE_DEVICES": "1,0"})
    ended = end_of(box, key)
    assert (ended["status"], ended["exit_code"], ended["gpu_ids"]) == ("failed", 3, [1, 0])
    assert ended["error_message"].startswith("The command ended with exit code 3")
    assert ended["bad_metric_lines"] == 1
    printed = output(box, key).splitlines()
    assert printed[0] == "gpus=GPU-b,GPU-a"
    assert printed[1].endswith(ended["uid"])
    assert printed[2] == f"id={key}"
    assert output(box, key, "stderr") == "******** ********\n"
    wait_until(lambda: job(box, key)["metrics"].get("loss") == 0.25, seconds=60, what="the metric point")
    assert "very-secret" not in str(ended)


def test_without_gpus_none_is_seen_unless_the_job_says_so(box: Stack) -> None:
    plain = submit(box, 'echo "[$CUDA_VISIBLE_DEVICES]"')
    chosen = submit(box, 'echo "[$CUDA_VISIBLE_DEVICES]"', environment={"CUDA_VISIBLE_DEVICES": "7"})
    words = submit(box, "echo '[$HOME]' a  b", shell=False)
    assert [end_of(box, key)["status"] for key in (plain, chosen, words)] == ["completed"] * 3
    assert [output(box, key) for key in (plain, chosen, words)] == ["[]\n", "[7]\n", "[$HOME] a b\n"]


def test_signals_limits_and_programs_that_are_not_there(box: Stack) -> None:
    killed = submit(box, "kill -9 $$")
    late = submit(box, "sleep 1000", timeout_seconds=0.5)
    missing = submit(box, "no-such-program --at-all", shell=False)
    assert end_of(box, killed)["error_message"] == "Killed by signal 9 (SIGKILL)"
    assert end_of(box, late)["error_message"] == "The command ran longer than its time limit of 0.5 s and was ended"
    assert end_of(box, missing)["exit_code"] == 127


def test_cancel_ends_the_whole_group(box: Stack) -> None:
    key = submit(box, STUBBORN)
    pid = printed_pid(box, key)
    assert http.post(f"{box.backend_url}/api/jobs/{key}/cancel").status_code == 200
    assert end_of(box, key)["status"] == "cancelled"
    wait_until(lambda: is_gone(pid), what="the end of the grandchild")


def test_a_killed_worker_takes_its_commands_along(box: Stack) -> None:
    """What has no retries fails with the reason; what has goes on with the next worker. No GPU stays held."""
    once = submit(box, STUBBORN, gpu_count=1)
    again = submit(
        box,
        f'[ -e "$MARK" ] && exit 0; touch "$MARK"; {STUBBORN}',
        max_retries=1,
        environment={"MARK": f"{box.home}/mark"},
    )
    pids = [printed_pid(box, key) for key in (once, again)]
    box.kill("worker")
    wait_until(lambda: all(map(is_gone, pids)), what="the end of what the worker ran")
    box.start("worker")
    lost = end_of(box, once)
    assert lost["status"] == "failed"
    assert "worker was lost" in lost["error_message"]
    ended = end_of(box, again)
    assert (ended["status"], ended["attempt"], ended["retries"]) == ("completed", 2, 1)
    devices = http.get(f"{box.backend_url}/api/queue").json()["devices"]
    assert [device["job"] for device in devices] == [None, None]


def test_a_worker_that_leaves_ends_its_commands(box: Stack) -> None:
    key = submit(box, STUBBORN)
    pid = printed_pid(box, key)
    worker = box.processes["worker"]
    worker.terminate()
    assert worker.wait(120) == 0
    assert is_gone(pid)
    assert (job(box, key)["status"], job(box, key)["error_message"]) == (
        "failed",
        "The worker was stopped while the command ran",
    )
    assert Path(box.home / "jobs" / job(box, key)["uid"] / "stdout.log").is_file()
