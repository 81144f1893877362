"""`pegbox dataset`: datasets. The commands for versions are in `dataset_versions`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pegbox.cli.output import AsJson, print_json, print_record, print_table

commands = typer.Typer(
    help="The data that jobs train on, and its versions.", no_args_is_help=True, rich_markup_mode=None
)

DataFile = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV, JSONL or Parquet file, or a ZIP of them."),
]
DatasetName = Annotated[str, typer.Argument(help="Uid, id or name.")]
Message = Annotated[str, typer.Option("--message", "-m", help="What is different in this version.")]
CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")]
InputColumn = Annotated[str | None, typer.Option(help="The file's column that holds the questions.  [default: input]")]
OutputColumn = Annotated[str | None, typer.Option(help="The file's column that holds the answers.  [default: output]")]


def mapping_of(input_column: str | None, output_column: str | None) -> dict[str, str]:
    """The column mapping of the two options; empty when neither is given."""
    if input_column is None and output_column is None:
        return {}
    return {"input": input_column or "input", "output": output_column or "output"}


@commands.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """All datasets, newest first."""
    from pegbox.sdk.client import Client

    with Client() as client:
        records = client.datasets.list()
    if as_json:
        print_json(records)
        return
    columns = {
        "uid": "UID",
        "name": "NAME",
        "rows": "ROWS",
        "size": "SIZE",
        "version": "VERSION",
        "createdAt": "CREATED",
    }
    print_table(records, columns, empty="No datasets yet. Add one: pegbox dataset add FILE.csv")


@commands.command()
def add(
    file: DataFile,
    name: Annotated[str | None, typer.Option(help="Name; by default that of the file.")] = None,
    description: Annotated[str, typer.Option(help="What the rows are.")] = "",
    input_column: InputColumn = None,
    output_column: OutputColumn = None,
    new_version: Annotated[bool, typer.Option(help="Make it the next version when the name is taken.")] = False,
    message: Message = "",
    as_json: AsJson = False,
) -> None:
    """Upload and register a file. A large one goes in pieces and survives a restart of the service."""
    from pegbox.cli.upload_progress import show_upload
    from pegbox.sdk.client import Client

    with Client() as client, show_upload(file.name) as progress:
        record = client.datasets.add(
            file,
            name=name,
            description=description,
            mapping=mapping_of(input_column, output_column),
            new_version=new_version,
            message=message,
            progress=progress,
        )
    show_added(record, as_json)


def show_added(record: dict[str, Any], as_json: bool) -> None:
    """Prints a dataset in one line, and the warnings about its content."""
    if as_json:
        print_json(record)
        return
    typer.echo(f"{record['uid']}  {record['name']} {record['version']}: {record['rows']} rows, {record['size']}")
    for warning in record["validation"].get("warnings", []):
        typer.echo(f"warning: {warning}", err=True)


@commands.command()
def preview(file: CsvFile, as_json: AsJson = False) -> None:
    """Show what a CSV file holds and what is wrong with it; nothing is registered."""
    from pegbox.sdk.client import Client

    with Client() as client:
        found = client.datasets.preview(file)
    if as_json:
        print_json(found)
        return
    print_table(found["data"], {column: column for column in found["columns"]}, empty="The file has no rows.")
    typer.echo(_summary(found))
    for problem in found["validation_errors"]:
        typer.echo(f"error: {problem}", err=True)
    for warning in found.get("warnings", []):
        typer.echo(f"warning: {warning}", err=True)
    if found["validation_errors"]:
        raise typer.Exit(1)


@commands.command()
def show(dataset: DatasetName, as_json: AsJson = False) -> None:
    """Everything known about a dataset."""
    from pegbox.sdk.client import Client

    with Client() as client:
        record = client.datasets.get(dataset)
    if as_json:
        print_json(record)
    else:
        print_record(record)


@commands.command()
def remove(
    dataset: DatasetName,
    force: Annotated[bool, typer.Option("--force", help="Also when unfinished jobs or models rest on it.")] = False,
) -> None:
    """Delete a dataset with all its versions."""
    from pegbox.sdk.client import Client

    with Client() as client:
        client.datasets.remove(client.datasets.get(dataset)["uid"], force=force)
    typer.echo(f"Removed {dataset}")


def _summary(found: dict[str, Any]) -> str:
    statistics = found["statistics"]
    return f"{statistics['total_rows']} rows, {statistics['total_columns']} columns, {statistics['file_size_kb']} KB"
