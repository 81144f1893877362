"""Follows a command job: prints its output and exits with its exit code."""

from __future__ import annotations

import sys
import threading
from typing import BinaryIO

import typer

from pegbox.cli.jobs.follow_training import INTERRUPTED
from pegbox.cli.output import print_json
from pegbox.sdk.client import Client

SIGNAL_EXIT_BASE = 128
"""A signal's number is added to this for the exit code, by the convention of shells."""


def follow_command(client: Client, uid: str, *, as_json: bool = False) -> None:
    """Copies the job's stdout and stderr until the job ends. Exits with the job's exit code, with 130 after Ctrl-C.

    With `as_json` prints only the job at its end.
    """
    try:
        if as_json:
            for _ in client.jobs.follow_log(uid):
                pass
        else:
            _copy_streams(client, uid)
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
        raise typer.Exit(SIGNAL_EXIT_BASE - code if code < 0 else code or 1)


def _copy_streams(client: Client, uid: str) -> None:
    errors = threading.Thread(target=_copy_stream, args=(client, uid, "stderr", sys.stderr.buffer), daemon=True)
    errors.start()
    _copy_stream(client, uid, "stdout", sys.stdout.buffer)
    while errors.is_alive():
        errors.join(0.2)  # with a timeout, so that Ctrl-C is handled


def _copy_stream(client: Client, uid: str, stream: str, target: BinaryIO) -> None:
    for chunk in client.jobs.follow_log(uid, stream=stream):
        target.write(chunk)
        target.flush()
