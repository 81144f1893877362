"""`pegbox worker`: takes queued jobs and runs them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def worker(
    url: Annotated[str, typer.Option(envvar="PEGBOX_URL", help="Address of the backend.")] = "http://127.0.0.1:8000",
    monitor_url: Annotated[
        str | None,
        typer.Option(
            envvar="PEGBOX_MONITOR_URL", help="Address of the monitor; by default port 8001 beside the backend."
        ),
    ] = None,
    home: Annotated[
        Path, typer.Option(envvar="PEGBOX_HOME", help="Data folder: job folders and finished models.")
    ] = Path("~/.pegbox"),
    slots: Annotated[
        int,
        typer.Option(
            envvar="PEGBOX_SLOTS",
            min=0,
            max=256,
            help="Commands without a GPU to run at a time; 0: no commands at all.",
        ),
    ] = 2,
    devices: Annotated[
        str | None,
        typer.Option(
            envvar="PEGBOX_DEVICES",
            help="GPUs to hand out, as indexes or UUIDs with commas between; by default every GPU that the worker may use.",
        ),
    ] = None,
    training: Annotated[
        bool,
        typer.Option("--training/--no-training", envvar="PEGBOX_TRAINING", help="Whether to run fine-tuning jobs."),
    ] = True,
) -> None:
    """Take queued jobs and run them: trainings on the CPU one at a time, commands in slots, jobs with GPUs while GPUs are free.

    Training needs the extra: pip install 'pegbox[train]'. Ctrl-C or SIGTERM lets a training finish its step and save, after
    which the job goes back into the queue; commands are ended.
    """
    import logging

    from pegbox.sdk.client import Client
    from pegbox.sdk.credentials import token_for
    from pegbox.sdk.environment import default_monitor_url
    from pegbox.sdk.resources.queue import Queue
    from pegbox.worker.executors.local import LocalExecutor
    from pegbox.worker.gpus import list_devices
    from pegbox.worker.identity import WorkerIdentity
    from pegbox.worker.processes.parent import die_with_parent
    from pegbox.worker.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    if os.environ.get("PEGBOX_SUPERVISED"):
        die_with_parent()
    os.environ["PEGBOX_URL"] = url
    folder = home.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    identity = WorkerIdentity(home=folder, monitor_url=monitor_url or default_monitor_url(), token=token_for(url))
    with Client(url, identity.token) as client:
        gpus = list_devices(devices)
        executor = LocalExecutor(folder, gpus) if training else None
        Worker(identity, Queue(client), executor, slots=slots, devices=gpus).run()
