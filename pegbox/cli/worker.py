"""`pegbox worker`: takes queued jobs and trains them."""

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
) -> None:
    """Take queued jobs and train them, one at a time. Needs the extra: pip install 'pegbox[train]'.

    Ctrl-C or SIGTERM lets the training finish its step and save; the job then goes back into the queue. On a machine with
    several GPUs start one worker per GPU, each with its own CUDA_VISIBLE_DEVICES.
    """
    import logging

    from pegbox.sdk.client import Client
    from pegbox.sdk.current import monitor_address
    from pegbox.sdk.queue import Queue
    from pegbox.trainer.executors.local import LocalExecutor
    from pegbox.trainer.parent import die_with_parent
    from pegbox.trainer.worker import Worker, WorkerIdentity

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    if os.environ.get("PEGBOX_SUPERVISED"):
        die_with_parent()
    os.environ["PEGBOX_URL"] = url
    folder = home.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    identity = WorkerIdentity(
        home=folder, monitor_url=monitor_url or monitor_address(), token=os.environ.get("PEGBOX_TOKEN") or None
    )
    with Client(url, identity.token) as client:
        Worker(identity, Queue(client), LocalExecutor(folder)).run()
