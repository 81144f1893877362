"""`pegbox train`: uploads a CSV file and fine-tunes a model on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pegbox.cli.dataset import CsvFile, InputColumn, OutputColumn
from pegbox.cli.output import AsJson


def train(
    file: CsvFile,
    model: Annotated[
        str, typer.Option("--model", "-m", help="starter, a hub id (owner/name), model-…, or a folder with a model.")
    ] = "starter",
    name: Annotated[str | None, typer.Option(help="Name of the job; by default that of the file.")] = None,
    method: Annotated[
        str | None, typer.Option(help="full, lora, qlora or loftq.  [default: full for the starter, else lora]")
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the rows.  [default: 3]")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Optimizer updates; wins over epochs.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", "--lr", help="Peak learning rate.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows per device and micro-batch.")] = None,
    input_column: InputColumn = None,
    output_column: OutputColumn = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any other hyperparameter as NAME=VALUE; may be repeated.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Watch until the end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Upload a CSV file, fine-tune a model on it and watch. Ctrl-C leaves the job running."""
    from pegbox.cli.dataset import mapping_of
    from pegbox.cli.jobs.follow_training import follow_job
    from pegbox.cli.output import print_json
    from pegbox.sdk.client import Client

    given = {
        "method": method,
        "epochs": epochs,
        "max_steps": max_steps,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
    }
    values = {**parse_settings(settings or []), **{key: value for key, value in given.items() if value is not None}}
    with Client() as client:
        dataset = client.datasets.add(file, mapping=mapping_of(input_column, output_column), new_version=True)
        uid = find_or_add_model(client, model)
        job = client.jobs.create(name=name or file.stem, model=uid, dataset=dataset["uid"], hyperparameters=values)
        if not follow:
            if as_json:
                print_json(job)
            else:
                typer.echo(f"{job['uid']}: {job['status']}. Watch it: pegbox job follow {job['uid']}")
            return
        if not as_json:
            typer.echo(f"Job {job['uid']}: {model} on {dataset['name']} ({dataset['rows']} rows)")
            typer.echo(f"In the browser: {client.url}/jobs/{job['uid']}")
        follow_job(client, job["uid"], as_json=as_json, from_start=True)


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """`["seed=7", "packing=true"]` as a dictionary. Raises a usage error for unknown names."""
    import json

    from pegbox.schemas.jobs.hyperparameters import Hyperparameters

    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or key not in Hyperparameters.model_fields:
            known = ", ".join(sorted(Hyperparameters.model_fields))
            raise typer.BadParameter(f"'{setting}' is not NAME=VALUE with one of: {known}", param_hint="--set")
        try:
            values[key] = json.loads(text)
        except ValueError:
            values[key] = text
    return values


def find_or_add_model(client: Any, model: str) -> str:
    """The id of the model; a folder or hub id is added to the collection if needed."""
    folder = Path(model).expanduser()
    identifier = str(folder.absolute()) if folder.is_dir() else model
    if client.get("/api/models/check/" + _quote(identifier))["exists"]:
        return identifier
    answer = client.models.add(identifier)
    added: str = answer["model"]["id"]
    return added


def _quote(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
