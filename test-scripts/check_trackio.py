"""Checks a Trackio Space, Trackio's own server or a Pegbox monitor with the Trackio client.

Usage: python test-scripts/check_trackio.py ADDRESS_OR_SPACE_ID [TOKEN]
Needs: pip install gradio_client huggingface_hub
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from pegbox.integrations.trackio import ExperimentMonitor, TrackioAPIClient
from pegbox.integrations.trackio.monitor import EXPERIMENT_ID


def check_resolution(space: str, token: str | None) -> bool:
    """The id resolves to an address."""
    return TrackioAPIClient(space, token).space_url.startswith(("http://", "https://"))


def check_client(space: str, token: str | None) -> bool:
    """Creates an experiment, logs to it and reads it."""
    client = TrackioAPIClient(space, token)
    try:
        found = EXPERIMENT_ID.search(str(client.create_experiment("check_trackio", "A check").get("data")))
        if found is None:
            return False
        answers = [
            client.log_metrics(found[0], {"loss": 1.234, "accuracy": 0.85}, step=100),
            client.log_parameters(found[0], {"learning_rate": 2e-5, "batch_size": 8}),
            client.get_experiment_details(found[0]),
            client.create_metrics_plot(found[0], "loss"),
            client.create_experiment_comparison(found[0]),
            client.update_experiment_status(found[0], "completed"),
        ]
        return all("success" in answer for answer in answers)
    finally:
        client.close()


def check_monitoring(space: str, token: str | None) -> bool:
    """Logs metrics and config with `ExperimentMonitor`."""
    monitor = ExperimentMonitor("check_trackio_monitoring", space_id=space, hf_token=token)
    try:
        return monitor.log_metrics({"loss": 1.234}, step=100) and monitor.log_config({"learning_rate": 2e-5})
    finally:
        monitor.close()


CHECKS = {
    "Space URL Resolution": check_resolution,
    "API Client Test": check_client,
    "Monitoring Integration": check_monitoring,
}


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    space, token = sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None
    print("🚀 Starting Trackio API Client Tests with Automatic URL Resolution")
    print("=" * 70)
    passed = {name: check(space, token) for name, check in CHECKS.items()}
    for name, is_passed in passed.items():
        print(f"{'✅' if is_passed else '❌'} {name}: {'PASSED' if is_passed else 'FAILED'}")
    if not all(passed.values()):
        return 1
    print("\n🎉 All tests passed! The Trackio integration with automatic URL resolution is working correctly.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
