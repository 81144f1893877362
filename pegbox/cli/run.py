"""`pegbox run`: shows recorded runs and imports runs of other trackers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pegbox.cli.mirror import mirror_run
from pegbox.cli.output import AsJson, print_json, print_record, print_table

if TYPE_CHECKING:
    from pegbox.importers.transfer import TransferResult
    from pegbox.sdk.recording.connection import MonitorConnection

commands = typer.Typer(
    help="Look at recorded runs; import those of other trackers; copy one elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
commands.command("mirror")(mirror_run)

Format = Literal["tensorboard", "wandb", "trackio", "aspara"]


@commands.command("list")
def list_runs(
    experiment: Annotated[str | None, typer.Option(help="Only runs of this experiment.")] = None,
    status: Annotated[str | None, typer.Option(help="running, paused, finished, failed, cancelled")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Runs, newest first."""
    from urllib.parse import urlencode

    wanted = {"experiment": experiment, "status": status, "limit": limit}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    runs = _connect().call("GET", f"/api/runs?{query}")
    if as_json:
        print_json(runs)
        return
    columns = {"id": "ID", "experiment": "EXPERIMENT", "name": "NAME", "status": "STATUS", "last_step": "STEP"}
    print_table(
        runs, columns, empty="No runs yet. Log one with pegbox.init, or bring old ones: pegbox run import FOLDER"
    )


@commands.command()
def show(
    run: Annotated[str, typer.Argument(help="Id of the run, or uid of its job.")], as_json: AsJson = False
) -> None:
    """Everything known about a run."""
    from urllib.parse import quote

    record = _connect().call("GET", f"/api/runs/{quote(run, safe='')}")
    if as_json:
        print_json(record)
    else:
        print_record(record)


@commands.command("import")
def import_runs(
    path: Annotated[Path, typer.Argument(exists=True, readable=True, help="A file or folder of another tracker.")],
    only: Annotated[Format | None, typer.Option("--format", help="Look for this format only.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Experiment of the runs; by default their project.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the runs that TensorBoard, W&B (offline), Trackio or Aspara left in files.

    What is there already is not brought again: the same command continues an import that was broken off, and adds what
    running trainings have written since.
    """
    from pegbox.errors import UnusableContentError
    from pegbox.importers.detect import find_runs
    from pegbox.importers.lock import import_lock
    from pegbox.importers.transfer import transfer_run
    from pegbox.importers.values import label
    from pegbox.sdk.environment import home_folder

    connection = _connect()
    connection.call(
        "GET", "/api/health"
    )  # fails at once for a wrong address, instead of after the retries of the import
    results: list[dict[str, Any]] = []
    damage: list[UnusableContentError] = []
    with import_lock(home_folder()):
        for found in find_runs(path, only):
            if isinstance(found, UnusableContentError):
                damage.append(found)
                continue
            if experiment is not None:
                found.experiment = label(experiment, found.experiment)
            with _PointCounter(f"{found.experiment} / {found.name}", quiet=as_json) as progress:
                result = transfer_run(found, connection, progress.advance)
            damage += [result.damage] if result.damage else []
            results.append(_result_fields(result))
            if not as_json:
                typer.echo(_result_line(result))
    if as_json:
        print_json(results)
    for error in damage:
        typer.echo(f"error: {error.message}", err=True)
    if damage:
        raise typer.Exit(1)


class _PointCounter:
    """Counts points in a terminal during a transfer; prints nothing otherwise."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn

        console = Console(stderr=True)
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.completed:,.0f} points"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._display.add_task(name, total=None)

    def advance(self, points: int) -> None:
        self._display.advance(self._task, points)

    def __enter__(self) -> _PointCounter:
        self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._display.stop()


def _result_fields(result: TransferResult) -> dict[str, Any]:
    run = result.run
    return {
        "id": run.run_id,
        "experiment": run.experiment,
        "name": run.name,
        "format": run.format,
        "new_run": result.is_new,
        "points": result.points,
        "others": result.others,
        "left_out": {kind: count for kind, count in run.left_out.items() if count},
        "error": result.damage.message if result.damage else None,
    }


def _result_line(result: TransferResult) -> str:
    fields = _result_fields(result)
    if not (result.points or result.others):
        news = "nothing new" if not result.is_new else "no points"
    else:
        news = f"{result.points:,} points" + (f", {result.others:,} others" if result.others else "")
    left = ", ".join(f"{count} {kind}" for kind, count in fields["left_out"].items())
    return f"{fields['id']}  {fields['experiment']} / {fields['name']}: {news}" + (
        f" (left out: {left})" if left else ""
    )


def _connect() -> MonitorConnection:
    from pegbox.sdk.credentials import token_for
    from pegbox.sdk.environment import default_monitor_url
    from pegbox.sdk.recording.connection import MonitorConnection

    address = default_monitor_url()
    return MonitorConnection(address, token_for(address))
