"""`pegbox run mirror`: a copy of a run in a Trackio Space or server, live."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pegbox.integrations.trackio.mirror import Progress

SHOWN_EVERY_SECONDS = 10.0
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""


def mirror_run(
    run: Annotated[str, typer.Argument(help="Id of the run, or uid of its job.")],
    to: Annotated[
        str,
        typer.Option(envvar="TRACKIO_SPACE_ID", help="Space id (owner/name), or address, also with ?write_token=."),
    ],
    dataset_repo: Annotated[
        str | None,
        typer.Option(envvar="TRACKIO_DATASET_REPO", help="Dataset of the hub that gets the points at the end, too."),
    ] = None,
) -> None:
    """Copy a run to a Trackio Space or server while it goes on, until it ends. Start it again: nothing is doubled."""
    import httpx2

    from pegbox.errors import ConflictError, ValidationError
    from pegbox.integrations.trackio.bulk import BulkTarget
    from pegbox.integrations.trackio.dataset import keep_in_dataset
    from pegbox.integrations.trackio.mirror import Mirror
    from pegbox.sdk.credentials import token_for
    from pegbox.sdk.environment import default_monitor_url

    address, hub_token = default_monitor_url(), os.environ.get("HF_TOKEN")
    token = token_for(address)
    try:
        target = BulkTarget(to, hub_token)
    except ValueError as error:
        raise ValidationError(f"--to: {error}") from error
    if target.url.rstrip("/") == address.rstrip("/"):
        raise ConflictError(f"--to: {target.url} is the monitor that has the run already")
    folder = Path(os.environ.get("PEGBOX_HOME") or "~/.pegbox").expanduser() / "worker" / "mirrors"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    shown = _Line()
    with httpx2.Client(base_url=address, headers=headers, trust_env=False) as monitor:
        try:
            mirror = Mirror(monitor, run, target, folder, shown.show)
            typer.echo(f"{mirror.names.project} / {mirror.names.run} → {target.url}", err=True)
            state = mirror.follow()
            shown.close()
            typer.echo(f"{mirror.place.records} records copied; the run has ended: {state}")
            if dataset_repo:
                typer.echo(f"{dataset_repo}: {keep_in_dataset(monitor, mirror.run, dataset_repo, hub_token)}")
        except KeyboardInterrupt:
            shown.close()
            typer.echo("The run goes on. The same command goes on copying where it was.", err=True)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            target.close()


class _Line:
    """In a terminal one line that changes, elsewhere a line now and then; what it waits for is told at once."""

    def __init__(self) -> None:
        self._shown_at = -SHOWN_EVERY_SECONDS
        self._trouble: str | None = None
        self._is_open = False

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.trouble is not None and progress.trouble != self._trouble:
            self.close()
            typer.echo(f"waiting: {progress.trouble}", err=True)
        elif progress.trouble is None and sys.stderr.isatty():
            typer.echo(f"\rstep {progress.step}, {progress.records} records copied", err=True, nl=False)
            self._is_open = True
        elif progress.trouble is None and now - self._shown_at >= SHOWN_EVERY_SECONDS:
            typer.echo(f"step {progress.step}, {progress.records} records copied", err=True)
            self._shown_at = now
        self._trouble = progress.trouble

    def close(self) -> None:
        """Ends the line that changes."""
        if self._is_open:
            typer.echo(err=True)
            self._is_open = False
