"""Shows what a command job prints, stream by stream, and ends as it ends."""

from __future__ import annotations

import sys
import threading
from typing import BinaryIO

import typer

from pegbox.cli.jobs.follow_training import INTERRUPTED
from pegbox.cli.output import print_json
from pegbox.sdk.client import Client

SIGNALLED = 128
"""Added to a signal's number for the exit code, as shells do."""


def follow_command(client: Client, uid: str, *, as_json: bool = False) -> None:
    """Copies the job's output to this process's until it has ended; exits with its exit code, with 130 after Ctrl-C.

    With `as_json` nothing is shown on the way, and the job is printed at its end.
    """
    try:
        if as_json:
            for _ in client.jobs.follow_log(uid):
                pass
        else:
            _copy_both(client, uid)
    except KeyboardInterrupt:
        typer.echo(
            f"\nThe job goes on. Watch it again: pegbox job follow {uid}    End it: pegbox job cancel {uid}", err=True
        )
        raise typer.Exit(INTERRUPTED) from None
    job = client.jobs.get(uid)
    if as_json:
        print_json(job)
    elif job["state"] != "completed":
        typer.echo(f"{job['state']}: {job.get('error_message') or 'ended on request'}", err=True)
    code = job.get("exit_code") or 0
    if job["state"] != "completed":
        raise typer.Exit(SIGNALLED - code if code < 0 else code or 1)


def _copy_both(client: Client, uid: str) -> None:
    errors = threading.Thread(target=_copy, args=(client, uid, "stderr", sys.stderr.buffer), daemon=True)
    errors.start()
    _copy(client, uid, "stdout", sys.stdout.buffer)
    while errors.is_alive():
        errors.join(0.2)  # in pieces, so that Ctrl-C is heard


def _copy(client: Client, uid: str, stream: str, target: BinaryIO) -> None:
    for piece in client.jobs.follow_log(uid, stream=stream):
        target.write(piece)
        target.flush()
