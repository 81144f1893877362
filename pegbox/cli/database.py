"""`pegbox db`: checks, backs up and restores the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(help="Check, back up and restore the database.", no_args_is_help=True, rich_markup_mode=None)

SHOWN_FINDINGS = 20


@commands.command()
def check() -> None:
    """Read the whole database and say what is damaged; exit code 1 if anything is."""
    from monitor.metrics.log.integrity import find_damaged_batches
    from pegbox.settings import Settings
    from pegbox.store.backup import database_file, find_damage
    from pegbox.store.database import open_engine

    settings = Settings()
    path = database_file(settings)
    findings = find_damage(path)
    if not findings:
        engine = open_engine(settings)
        findings = find_damaged_batches(engine)
        engine.dispose()
    for finding in findings[:SHOWN_FINDINGS]:
        typer.echo(finding)
    if findings:
        typer.echo(f"{path}: {len(findings)} findings. Everything else can still be read.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{path} is whole")


@commands.command()
def backup(target: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]) -> None:
    """Copy the database to a file, while Pegbox runs."""
    from pegbox.settings import Settings
    from pegbox.store.backup import back_up, database_file

    source = database_file(Settings())
    with typer.progressbar(length=100, label=f"Backing up {source}") as bar:

        def progress(copied: int, total: int) -> None:
            bar.update(int(100 * copied / max(total, 1)) - bar.pos)

        back_up(source, target, progress)
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")


@commands.command()
def restore(source: Annotated[Path, typer.Argument(help="A file that `pegbox db backup` wrote.")]) -> None:
    """Put a backup in place of the database, which is kept beside it. Stop Pegbox first."""
    from pegbox.errors import ConflictError
    from pegbox.settings import Settings
    from pegbox.store import backup as copies

    settings = Settings()
    for name, port in (("backend", settings.port), ("monitor", settings.monitor_port)):
        if _answers(settings.host, port):
            raise ConflictError(f"The {name} is running on port {port}: stop Pegbox first")
    database = copies.database_path(settings)
    kept = copies.restore(source, database)
    typer.echo(f"{database} is now {source}" + (f"; what was there is kept as {kept}" if kept else ""))


def _answers(host: str, port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)) == 0  # noqa: S104 - compared with, not bound to
