"""The two published "complete workflow" examples on one Pegbox: the first as on a machine of one's own, the second signed in.

Addresses of the examples are default ports. Where those are taken on this machine, the ports in the first one's text are replaced,
and nothing else. The second one is run a step at a time, because it leaves the job's id to the reader; its command and its four
GPUs are replaced by what this machine has, after they were refused with a reason. Its last step, a deployment, is not part of it.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbox.hardware.gpu import read_gpus
from tests.cast import SUPPORT_CSV
from tests.stack import Stack, http
from tests.stub_hub import StubHub

SEED = Path(__file__).parent / "seed"
PASSWORD = "a long enough password"
ROWS = [{"input": f"What is {n} + 1?", "output": str(n + 1)} for n in range(20)]
COMMAND = "python -m spark_trainer.recipes.text_lora --config config.yaml"
SCRIPT = """\
for step in range(3):
    print('METRIC:{"step": %d, "loss": %.2f, "lr": 0.0001}' % (step, 0.5 - step / 10), flush=True)
"""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def services(home: Path, stub_hub: StubHub) -> Iterator[Stack]:
    """Both services, on the published ports when they are free."""
    stack = Stack(home, {"HF_ENDPOINT": stub_hub.url})
    if is_free(8000) and is_free(8001):
        stack.port, stack.monitor_port = 8000, 8001
        stack.env |= {"PEGBOX_PORT": "8000", "PEGBOX_MONITOR_PORT": "8001", "PEGBOX_URL": stack.backend_url}
        stack.env |= {"PEGBOX_MONITOR_URL": stack.monitor_url}
    with stack:
        yield stack


def test_the_complete_workflows_run_to_their_last_lines(services: Stack, tmp_path: Path) -> None:
    run_first(services, tmp_path)
    services.stop()
    services.env |= {"PEGBOX_AUTH": "required"}
    subprocess.run(
        [sys.executable, "-m", "pegbox", "user", "add", "admin", "--role", "admin"],
        env=services.env, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    services.start("backend")
    services.start("monitor")
    run_second(services, tmp_path)


def run_first(services: Stack, folder: Path) -> None:
    script = (SEED / "workflow_example.py.txt").read_text("utf-8")
    assert "requests.post('http://127.0.0.1:8000/api/jobs', json=job_data)" in script
    script = script.replace(":8000/", f":{services.port}/").replace(":8001/", f":{services.monitor_port}/")
    shutil.copy(SUPPORT_CSV, folder / "dataset.csv")
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "Training Progress: 0.0%\n"

    job = http.get(f"{services.backend_url}/api/jobs").json()["jobs"][0]
    assert job["name"] == "My Fine-tuning Job"
    assert job["configuration"]["model"] == {"uid": "openai-community/gpt2", "name": "GPT-2"}
    assert job["configuration"]["hyperparameters"]["learning_rate"] == 2e-4
    assert job["state"] == "created"
    assert job["validation"]["errors"] == ["Dataset UID not found: test-dataset"]


def run_second(services: Stack, folder: Path) -> None:
    (folder / "dataset.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    upload, experiment, submit, follow, _ = steps((SEED / "platform_workflow.sh.txt").read_text("utf-8"))
    assert http.get(f"{services.backend_url}/api/jobs").status_code == 401
    token = sign_in(services)
    worker = {"PEGBOX_TOKEN": token}
    services.env |= worker

    dataset = json.loads(shell(upload, services, token, folder))
    assert (dataset["name"], dataset["version"], dataset["format"]) == ("my-dataset", "v1.0.0", "jsonl")
    assert dataset["rows"] == len(ROWS)
    made = json.loads(shell(experiment, services, token, folder))
    assert made["name"] == "llama-finetune"

    services.start("worker")
    if len(read_gpus()) < 4:
        refused = json.loads(shell(submit, services, token, folder))
        assert refused["status"] == 422
        assert "gpu_count" in refused["message"]
    assert COMMAND in submit
    (folder / "recipe.py").write_text(SCRIPT)
    own = submit.replace(COMMAND, f"{sys.executable} {folder / 'recipe.py'}").replace(
        '"gpu_count": 4', '"gpu_count": 0'
    )
    job = json.loads(shell(own, services, token, folder))
    assert job["id"].startswith("job-")
    assert job["status"] == "pending"

    streamed = shell(follow.replace("{job_id}", job["id"]), services, token, folder)
    points = [json.loads(data) for data in re.findall(r"^data: (.*)$", streamed, re.MULTILINE)]
    assert [point.get("loss") for point in points[:-1]] == [0.5, 0.4, 0.3]
    assert "event: end" in streamed
    assert points[-1] == {"status": "completed"}


def steps(script: str) -> list[str]:
    """The numbered steps of the example."""
    return re.split(r"^# \d\. .*\n", script, flags=re.MULTILINE)[1:]


def sign_in(services: Stack) -> str:
    answer = http.post(
        f"{services.backend_url}/api/auth/login", json={"username": "admin", "password": PASSWORD}
    ).raise_for_status()
    return str(answer.json()["access_token"])


def shell(command: str, services: Stack, token: str, folder: Path) -> str:
    """What a step prints."""
    command = command.replace("http://localhost:5001", services.backend_url).replace("curl ", "curl --silent ")
    run = subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**services.env, "TOKEN": token}, text=True, capture_output=True,
        timeout=300, check=True,
    )  # fmt: skip
    return run.stdout
