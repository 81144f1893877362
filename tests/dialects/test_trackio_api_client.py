"""`TrackioAPIClient` against our monitor and against Trackio's own server, and the examples that its users have."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from pegbox.integrations.trackio.address import resolve, split_token
from tests.dialects.foreign_client import ForeignScript, client_python
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT, free_port

TOUR = """
import json, os, re, sys
sys.path.insert(0, os.environ["ROOT"])
from pegbox.integrations.trackio import TrackioAPIClient

client = TrackioAPIClient(os.environ["ADDRESS"], os.environ.get("TOKEN"))
answer = client.create_experiment("my_experiment", "Test experiment")
assert answer["success"], answer
experiment = re.search(r"exp_\\d{8}_\\d{6}", answer["data"])[0]
for step, loss in enumerate((1.5, float("nan"), 0.5)):
    assert "success" in client.log_metrics(experiment, {"loss": loss, "accuracy": 0.85}, step=step)
assert "success" in client.log_metrics(experiment, {"loss": 0.25})
assert "success" in client.log_parameters(experiment, {"learning_rate": 2e-5})
assert "success" in client.update_experiment_status(experiment, "completed")
details = client.get_experiment_details(experiment)["data"]
curve = json.loads(client.create_metrics_plot(experiment)["data"]["plot"])["data"][0]
both = json.loads(client.create_experiment_comparison([experiment])["data"]["plot"])["data"]
tell(json.dumps({
    "experiment": experiment, "details": details, "x": curve["x"], "y": curve["y"], "curves": len(both),
    "listed": experiment in client.list_experiments()["data"], "unknown": client.log_metrics("exp_123", {"a": 1}),
    "demo": client.create_demo_experiment(), "simulated": client.simulate_training_data(experiment),
}))
client.close()
"""
SERVER = """
import os, trackio
app, url, share, full = trackio.show(open_browser=False, block_thread=False)
tell(full)
wait_for_us()
"""
SPACE = "Tonic/trackio-monitoring-20250727"

# As printed in the description of the Space's client; only the id of the Space is exchanged for the address of our monitor.
BASIC = """
from scripts.trackio_tonic.trackio_api_client import TrackioAPIClient

# Initialize with Space ID (URL resolved automatically)
client = TrackioAPIClient("Tonic/trackio-monitoring-20250727")

# Create experiment
result = client.create_experiment("my_experiment", "Test experiment")

# Log metrics
metrics = {"loss": 1.234, "accuracy": 0.85}
client.log_metrics("exp_123", metrics, step=100)
"""
TRAINING = """
from src.monitoring import SmolLM3Monitor

# Create monitor (automatically creates experiment)
monitor = SmolLM3Monitor(
    experiment_name="my_training_run",
    enable_tracking=True
)

# Log metrics during training
monitor.log_metrics({"loss": 1.234}, step=100)

# Log configuration
monitor.log_config({"learning_rate": 2e-5, "batch_size": 8})
"""
MODULES = {
    "scripts/trackio_tonic/trackio_api_client.py": "from pegbox.integrations.trackio import TrackioAPIClient",
    "src/monitoring.py": "from pegbox.integrations.trackio import ExperimentMonitor as SmolLM3Monitor",
}
EXPECTED = """\
🚀 Starting Trackio API Client Tests with Automatic URL Resolution
======================================================================
✅ Space URL Resolution: PASSED
✅ API Client Test: PASSED
✅ Monitoring Integration: PASSED

🎉 All tests passed! The Trackio integration with automatic URL resolution is working correctly.
"""


def tour(name: str, folder: Path, **env: str) -> dict[str, object]:
    with ForeignScript(client_python(name), TOUR, folder, {"ROOT": str(ROOT), **env}) as script:
        [told] = script.wait(120)
    found: dict[str, object] = json.loads(told)
    return found


@pytest.mark.parametrize("name", ["trackio-client", "gradio-client-1"])
def test_the_tour_of_our_monitor(name: str, monitor: MonitorProcess, tmp_path: Path) -> None:
    found = tour(name, tmp_path, ADDRESS=monitor.url)
    assert (found["x"], found["y"], found["curves"], found["listed"]) == ([0, 1, 2, 3], [1.5, None, 0.5, 0.25], 2, True)
    assert "Status: completed" in str(found["details"])
    assert str(found["unknown"]).startswith("{'error': 'Experiment not found: exp_123")
    assert "Demo experiment created" in str(found["demo"])
    assert "made up" in str(found["simulated"])


def test_the_tour_with_a_token(tmp_path: Path) -> None:
    with MonitorProcess(tmp_path / "home", {"PEGBOX_TOKEN": "right"}) as monitor:
        assert tour("trackio-client", tmp_path / "script", ADDRESS=monitor.url, TOKEN="right")["listed"] is True


@pytest.fixture(scope="module")
def trackio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Trackio's own self-hosted server; its address holds the token that writing needs."""
    folder = tmp_path_factory.mktemp("trackio server")
    env = {"TRACKIO_DIR": str(folder / "data"), "GRADIO_SERVER_PORT": str(free_port())}
    with ForeignScript(client_python("trackio-client"), SERVER, folder, env) as script:
        script.wait_for_pause()
        yield script.told[0]


def test_the_tour_of_trackios_own_server(trackio_server: str, tmp_path: Path) -> None:
    found = tour("trackio-client", tmp_path, ADDRESS=trackio_server)
    assert (found["x"], found["y"], found["curves"], found["listed"]) == ([0, 1, 2, 3], [1.5, None, 0.5, 0.25], 2, True)
    assert 'Parameter status: "completed"' in str(found["details"])
    assert "nothing like create_demo_experiment" in str(found["demo"])


def test_an_outage_is_answered_and_survived(tmp_path: Path) -> None:
    text = """
import os, sys
sys.path.insert(0, os.environ["ROOT"])
from pegbox.integrations.trackio import TrackioAPIClient
client = TrackioAPIClient(os.environ["ADDRESS"], tries=2)
tell("success" in client.list_experiments())
wait_for_us()
tell(client.list_experiments()["error"])
wait_for_us()
tell("success" in client.list_experiments())
client.close()
"""
    with MonitorProcess(tmp_path / "home") as monitor:
        env = {"ROOT": str(ROOT), "ADDRESS": monitor.url}
        with ForeignScript(client_python("trackio-client"), text, tmp_path / "script", env) as script:
            script.wait_for_pause()
            monitor.kill()
            script.go_on()
            script.wait_for_pause()
            monitor.start()
            script.go_on()
            before, during, after = script.wait()
    assert (before, after) == ("True", "True")
    assert "not accessible" in during


def test_without_gradio_client_it_says_what_to_install() -> None:
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pegbox.integrations.trackio import TrackioAPIClient as C; C('http://127.0.0.1:9')",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "gradio_client is not installed: pip install gradio_client huggingface_hub" in answer.stderr


def test_addresses_and_ids() -> None:
    assert resolve("http://127.0.0.1:8001/") == "http://127.0.0.1:8001"
    # The hub of the tests answers nobody: the documented fallback.
    assert resolve("Tonic/trackio-monitoring-20250727") == "https://Tonic-trackio-monitoring-20250727.hf.space"
    assert split_token("http://h:1?write_token=t") == ("http://h:1", "t")
    assert split_token("http://h:1/base/?write_token=t") == ("http://h:1/base/", "t")
    assert split_token("owner/name") == ("owner/name", None)
    for wrong in ("", "no-owner", "a/b/c", "../x", "ftp://x"):
        with pytest.raises(ValueError, match="neither an address"):
            resolve(wrong)


def run_seed(text: str, after: str, monitor: MonitorProcess, folder: Path) -> list[str]:
    for name, content in MODULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    start = f"import os, sys\nsys.path[:0] = [os.environ['ROOT'], {str(folder)!r}]\n"
    env = {"ROOT": str(ROOT), "TRACKIO_SPACE_ID": monitor.url}
    example = text.replace(SPACE, monitor.url)
    with ForeignScript(client_python("trackio-client"), start + example + after, folder, env) as script:
        return script.wait()


def test_the_basic_example_as_printed(monitor: MonitorProcess, tmp_path: Path) -> None:
    after = "\ntell(result['data'].split()[3])\nclient.log_metrics(result['data'].split()[3], metrics, step=100)"
    [experiment] = run_seed(BASIC, after, monitor, tmp_path)
    assert re.fullmatch(r"exp_\d{8}_\d{6}", experiment)
    assert monitor.series(experiment, "accuracy") == {100: 0.85}


def test_the_training_example_as_printed(monitor: MonitorProcess, tmp_path: Path) -> None:
    [experiment] = run_seed(TRAINING, "\ntell(monitor.experiment_id)\nmonitor.close()", monitor, tmp_path)
    run = monitor.get(f"/api/runs/{experiment}")
    assert (run["name"], run["status"], run["config"]["batch_size"]) == ("my_training_run", "finished", 8)
    assert monitor.series(experiment, "loss") == {100: 1.234}


def test_the_two_steps_by_hand_as_printed(monitor: MonitorProcess) -> None:
    url, payload = f"{monitor.url}/gradio_api/call/list_experiments_interface", {"data": []}
    response = requests.post(url, json=payload, timeout=30)
    event_id = response.json()["event_id"]
    result = requests.get(f"{url}/{event_id}", timeout=30)
    assert result.text.startswith("event: complete\ndata: [")


def test_the_check_script_prints_what_was_promised(monitor: MonitorProcess, tmp_path: Path) -> None:
    python, script = client_python("trackio-client"), ROOT / "test-scripts" / "check_trackio.py"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    answer = subprocess.run(
        [python, script, monitor.url], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.stdout == EXPECTED, answer.stderr[-2000:]
    assert answer.returncode == 0
