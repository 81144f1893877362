"""The unmodified `gradio_client`, new and old, against the running monitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialects.foreign_client import ForeignScript, client_python
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http

START = """
import json, os, re
from concurrent.futures import ThreadPoolExecutor
from gradio_client import Client

client = Client(os.environ["MONITOR"], verbose=False)

def new(name):
    return re.search(r"exp_\\d{8}_\\d{6}", client.predict(name, "", api_name="/create_experiment_interface"))[0]
"""
CLIENTS = {"trackio-client": 16, "gradio-client-1": 8}
"""With the calls it can have at once: the old one stands still with fourteen or more, whatever the server."""


@pytest.fixture(params=CLIENTS)
def client_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def script(name: str, text: str, folder: Path, monitor: MonitorProcess, **env: str) -> ForeignScript:
    return ForeignScript(client_python(name), START + text, folder, {"MONITOR": monitor.url, **env})


def test_calls_defaults_and_errors(client_name: str, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
experiment = new("by gradio")
tell(experiment)
tell(client.predict(experiment, '{"loss": 1.5, "acc": NaN}', "3", api_name="/log_metrics_interface"))
tell(client.predict(experiment_id=experiment, metrics_json='{"loss": 1.0}', api_name="/log_metrics_interface"))
for arguments in (("exp_123", "{}", "1"), (experiment, "{bad", "1"), (experiment, '{"a": 1}', "x")):
    try:
        client.predict(*arguments, api_name="/log_metrics_interface")
    except Exception as error:
        tell(type(error).__name__, error)
tell(client.predict(api_name="/get_all_projects"))
tell("/bulk_log" in str(client.view_api(return_format="dict")))
"""
    with script(client_name, text, tmp_path, monitor) as client:
        experiment, first, second, *refusals, projects, is_listed = client.wait()
    assert first == f"Metrics logged for {experiment} at step 3: loss=1.5, acc=NaN"
    assert second == f"Metrics logged for {experiment} at step 4: loss=1.0"
    assert [refusal.split(":")[0] for refusal in refusals] == [
        "AppError Experiment not found",
        "AppError metrics_json",
        "AppError step",
    ]
    assert (projects, is_listed) == ("['trackio']", "True")
    assert monitor.series(experiment, "loss") == {3: 1.5, 4: 1.0}


def test_two_hundred_concurrent_calls_all_answer_right(
    client_name: str, monitor: MonitorProcess, tmp_path: Path
) -> None:
    text = """
experiment = new("busy")
def log(step):
    answer = client.predict(experiment, json.dumps({"m": step / 4}), str(step), api_name="/log_metrics_interface")
    return answer == f"Metrics logged for {experiment} at step {step}: m={step / 4}"
with ThreadPoolExecutor(int(os.environ["THREADS"])) as pool:
    tell(experiment, sum(pool.map(log, range(200))))
"""
    with script(client_name, text, tmp_path, monitor, THREADS=str(CLIENTS[client_name])) as client:
        [told] = client.wait(150)
    experiment, right = told.split()
    assert right == "200"
    assert monitor.series(experiment, "m") == {step: step / 4 for step in range(200)}


def test_a_file_is_uploaded_and_named_in_a_call(client_name: str, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
from gradio_client import handle_file
open("note.txt", "w").write("kept")
upload = {"project": "gradio files", "relative_path": ".", "uploaded_file": handle_file("note.txt")}
client.predict([upload], api_name="/bulk_upload_media")
"""
    with script(client_name, text, tmp_path, monitor) as client:
        client.wait()
    answer = http.post(f"{monitor.url}/api/get_project_files", json={"project": "gradio files"})
    [saved] = answer.json()["data"]
    assert (saved["name"], saved["size"]) == ("note.txt", 4)


def test_the_token_of_the_client_opens_the_monitor(client_name: str, tmp_path: Path) -> None:
    text = """
import inspect
word = "hf_token" if "hf_token" in inspect.signature(Client.__init__).parameters else "token"
tell(Client(os.environ["MONITOR"], verbose=False, **{word: "right"}).predict(api_name="/list_experiments_interface"))
try:
    Client(os.environ["MONITOR"], verbose=False, **{word: "wrong"})
except Exception as error:
    tell(type(error).__name__)
"""
    text = text.replace("import inspect", "import inspect, os\nfrom gradio_client import Client", 1)
    with MonitorProcess(tmp_path / "home", {"PEGBOX_TOKEN": "right"}) as monitor:
        env = {"MONITOR": monitor.url}
        with ForeignScript(client_python(client_name), text, tmp_path / "script", env) as client:
            listed, refusal = client.wait()
    assert listed == "No experiments yet"
    assert refusal == "AuthenticationError"
