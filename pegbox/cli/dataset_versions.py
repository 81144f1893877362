"""The commands of `pegbox dataset` for versions: add, list, roll back, compare, download, uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pegbox.cli.dataset import (
    DataFile,
    DatasetName,
    InputColumn,
    Message,
    OutputColumn,
    mapping_of,
    show_added,
)
from pegbox.cli.dataset import commands as commands
from pegbox.cli.output import AsJson, print_json, print_table

MARKS = {"added": "+", "removed": "-", "changed": "~"}


@commands.command("add-version")
def add_version(
    dataset: DatasetName,
    file: DataFile,
    message: Message = "",
    input_column: InputColumn = None,
    output_column: OutputColumn = None,
    as_json: AsJson = False,
) -> None:
    """Make a file the next version. Files that the dataset has already are stored only once."""
    from pegbox.cli.upload_progress import show_upload
    from pegbox.sdk.client import Client

    with Client() as client, show_upload(file.name) as progress:
        uid = client.datasets.get(dataset)["uid"]
        mapping = mapping_of(input_column, output_column)
        record = client.datasets.add_version(uid, file, message=message, mapping=mapping, progress=progress)
    show_added(record, as_json)


@commands.command()
def versions(dataset: DatasetName, as_json: AsJson = False) -> None:
    """Every version, newest first."""
    from pegbox.sdk.client import Client

    with Client() as client:
        found = client.datasets.versions(client.datasets.get(dataset)["uid"])
    if as_json:
        print_json(found)
        return
    columns = {
        "version": "VERSION",
        "rows": "ROWS",
        "files": "FILES",
        "size": "BYTES",
        "hash": "HASH",
        "created_at": "CREATED",
    }
    print_table(found, {**columns, "message": "MESSAGE"}, empty="No versions: the record has no file.")


@commands.command()
def rollback(
    dataset: DatasetName,
    version: Annotated[str, typer.Argument(help="The version to go back to.")],
    message: Message = "",
    as_json: AsJson = False,
) -> None:
    """Make an old version the newest one again, under a new number; nothing is copied."""
    from pegbox.sdk.client import Client

    with Client() as client:
        record = client.datasets.roll_back(client.datasets.get(dataset)["uid"], version, message=message)
    show_added(record, as_json)


@commands.command()
def diff(
    dataset: DatasetName,
    older: Annotated[str, typer.Argument(help="The version before.")],
    newer: Annotated[str, typer.Argument(help="The version after.")],
    key: Annotated[
        str | None, typer.Option(help="Column that tells rows apart; without it rows are equal or not.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most rows shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Rows that differ between two versions."""
    from pegbox.sdk.client import Client

    with Client() as client:
        found = client.datasets.diff(client.datasets.get(dataset)["uid"], older, newer, key=key, limit=limit)
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['added']} added, {found['removed']} removed, {found['changed']} changed")
    for entry in found["rows"]:
        typer.echo(f"{MARKS[entry['kind']]} {_text(entry, found['columns'])}")
    if found["total"] > len(found["rows"]):
        typer.echo(f"… {found['total'] - len(found['rows'])} more", err=True)


@commands.command()
def download(
    dataset: DatasetName,
    target: Annotated[Path, typer.Argument(help="File or folder to write to.")] = Path(),
    version: Annotated[str | None, typer.Option(help="Default: the newest.")] = None,
) -> None:
    """Save a version's bytes as they were uploaded; several files as a ZIP archive."""
    from pegbox.sdk.client import Client

    with Client() as client:
        path = client.datasets.download(client.datasets.get(dataset)["uid"], target, version=version)
    typer.echo(str(path))


@commands.command()
def uses(dataset: DatasetName, as_json: AsJson = False) -> None:
    """Jobs and models that rest on a dataset, each with the version it saw."""
    from pegbox.sdk.client import Client

    with Client() as client:
        found = client.datasets.uses(client.datasets.get(dataset)["uid"])
    if as_json:
        print_json(found)
        return
    rows = [{"kind": "job", **item} for item in found["jobs"]] + [{"kind": "model", **item} for item in found["models"]]
    columns = {"kind": "KIND", "id": "ID", "name": "NAME", "version": "VERSION", "state": "STATE"}
    print_table(rows, columns, empty="Nothing uses it.")


def _text(entry: dict[str, Any], columns: list[str]) -> str:
    before, after = entry["before"] or {}, entry["after"] or {}
    parts = []
    for column in columns:
        old, new = before.get(column) or "", after.get(column) or ""
        if entry["kind"] == "changed" and old != new:
            parts.append(f"{old!r} → {new!r}")
        elif text := new or old:
            parts.append(repr(text))
    return ", ".join(parts)
