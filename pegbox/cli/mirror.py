"""`pegbox run mirror`: copies a run to a Trackio Space or server while the run is recorded."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pegbox.integrations.trackio.mirror import MirrorProgress

SHOWN_EVERY_SECONDS = 10.0
INTERRUPTED = 130
"""Exit code after Ctrl-C, by the convention of shells."""


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
    from pegbox.integrations.trackio.dataset import export_to_dataset
    from pegbox.integrations.trackio.mirror import Mirror
    from pegbox.sdk.credentials import token_for
    from pegbox.sdk.environment import default_monitor_url, home_folder

    address, hub_token = default_monitor_url(), os.environ.get("HF_TOKEN")
    token = token_for(address)
    try:
        target = BulkTarget(to, hub_token)
    except ValueError as error:
        raise ValidationError(f"--to: {error}") from error
    if target.url.rstrip("/") == address.rstrip("/"):
        raise ConflictError(f"--to: {target.url} is the monitor that has the run already")
    folder = home_folder() / "worker" / "mirrors"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    line = _ProgressLine()
    with httpx2.Client(base_url=address, headers=headers, trust_env=False) as monitor:
        try:
            mirror = Mirror(monitor, run, target, folder, line.show)
            typer.echo(f"{mirror.names.project} / {mirror.names.run} → {target.url}", err=True)
            state = mirror.follow()
            line.close()
            typer.echo(f"{mirror.cursor.records} records copied; the run has ended: {state}")
            if dataset_repo:
                typer.echo(f"{dataset_repo}: {export_to_dataset(monitor, mirror.run, dataset_repo, hub_token)}")
        except KeyboardInterrupt:
            line.close()
            typer.echo("The run goes on. The same command goes on copying where it was.", err=True)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            target.close()


class _ProgressLine:
    """Shows progress: one changing line in a terminal, else a line at intervals. Prints problems at once."""

    def __init__(self) -> None:
        self._shown_at = -SHOWN_EVERY_SECONDS
        self._problem: str | None = None
        self._is_open = False

    def show(self, progress: MirrorProgress) -> None:
        now = time.monotonic()
        if progress.problem is not None and progress.problem != self._problem:
            self.close()
            typer.echo(f"waiting: {progress.problem}", err=True)
        elif progress.problem is None and sys.stderr.isatty():
            typer.echo(f"\rstep {progress.step}, {progress.records} records copied", err=True, nl=False)
            self._is_open = True
        elif progress.problem is None and now - self._shown_at >= SHOWN_EVERY_SECONDS:
            typer.echo(f"step {progress.step}, {progress.records} records copied", err=True)
            self._shown_at = now
        self._problem = progress.problem

    def close(self) -> None:
        """Ends the changing line."""
        if self._is_open:
            typer.echo(err=True)
            self._is_open = False
