"""Waits for the services to start, prints their address, and starts the sample training if requested."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pegbox.cli.supervisor import PrintLine
from pegbox.errors import PegboxError
from pegbox.sample import SAMPLE_CSV
from pegbox.sdk.client import Client
from pegbox.settings import local_url

if TYPE_CHECKING:
    from pegbox.settings import Settings

PROBE_SECONDS = 0.3

SAMPLE_NAME = "Python docstrings"
SAMPLE_DESCRIPTION = (
    "What 116 functions and methods of Python do, each asked in ten ways; made from the standard library."
)
SAMPLE_JOB = "First training"
SAMPLE_HYPERPARAMETERS = {
    "method": "full",
    "learning_rate": 3e-3,
    "batch_size": 16,
    "epochs": 6,
    "scheduler": "cosine",
    "warmup_steps": 10,
}


class StartupWatcher:
    """Watches the services in a thread."""

    def __init__(self, settings: Settings, print_line: PrintLine, *, sample: bool) -> None:
        self._settings = settings
        self._print_line = print_line
        self._sample = sample
        self._thread: threading.Thread | None = None

    def start_once(self) -> None:
        """Starts the thread on the first call; later calls have no effect."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="pegbox-startup", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        settings = self._settings
        secret = settings.token or settings.worker_token
        token = secret.get_secret_value() if secret else None
        address = local_url(settings.host, settings.port)
        for url in (address, local_url(settings.host, settings.monitor_port)):
            with Client(url, token) as client:
                while not _is_healthy(client):
                    time.sleep(PROBE_SECONDS)
        self._print_line("pegbox", f"ready: {address}")
        if self._sample:
            with Client(address, token) as client:
                try:
                    uid = add_sample(client)
                except PegboxError as error:
                    self._print_line("pegbox", f"the sample could not be brought in: {error.message}")
                else:
                    if uid:
                        self._print_line("pegbox", f"watch the first training: {address}/jobs/{uid}")


def add_sample(client: Client) -> str | None:
    """Adds the sample dataset and starts a job on it. Returns the job's uid, `None` when datasets or jobs exist already."""
    if client.datasets.list() or client.jobs.list():
        return None
    dataset = client.datasets.add(SAMPLE_CSV, name=SAMPLE_NAME, description=SAMPLE_DESCRIPTION)
    job = client.jobs.create(
        name=SAMPLE_JOB,
        model="starter",
        dataset=dataset["uid"],
        hyperparameters=SAMPLE_HYPERPARAMETERS,
        description="Trains the offline starter model on the sample data; about half a minute on two cores.",
        tags=("sample",),
    )
    uid: str = job["uid"]
    return uid


def _is_healthy(client: Client) -> bool:
    try:
        client.get("/api/health")
    except PegboxError:
        return False
    return True
