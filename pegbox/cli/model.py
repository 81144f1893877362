"""`pegbox model`: base models, fine-tuned models, and their answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pegbox.cli.output import AsJson, print_json, print_record, print_table

commands = typer.Typer(
    help="Base models, fine-tuned models, and their answers.", no_args_is_help=True, rich_markup_mode=None
)

ModelId = Annotated[str, typer.Argument(help="Id of the model: a hub id (owner/name), model-…, or starter.")]


class Part(StrEnum):
    """The part of a model to export."""

    ALL = "all"
    ADAPTER = "adapter"
    MERGED = "merged"


@commands.command("list")
def list_models(as_json: AsJson = False) -> None:
    """The collection: what jobs made, then base models."""
    from pegbox.sdk.client import Client

    with Client() as client:
        models = client.models.list()
    if as_json:
        print_json(models)
        return
    columns = {"id": "ID", "name": "NAME", "kind": "KIND", "parameters": "PARAMETERS", "downloadSize": "SIZE"}
    print_table(models, columns, empty="No models.")


@commands.command()
def search(
    query: Annotated[str, typer.Argument(help="At least two characters.")],
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    as_json: AsJson = False,
) -> None:
    """Search the model hub."""
    from pegbox.sdk.client import Client

    with Client() as client:
        found = client.models.search(query, limit=limit)
    if as_json:
        print_json(found)
        return
    columns = {"id": "ID", "parameters": "PARAMETERS", "downloads": "DOWNLOADS", "likes": "LIKES"}
    print_table(found, columns, empty=f"The hub knows no model for '{query}'.")


@commands.command()
def show(model: ModelId, as_json: AsJson = False) -> None:
    """Everything known about a model."""
    from pegbox.sdk.client import Client

    with Client() as client:
        record = client.models.get(model)
    if as_json:
        print_json(record)
    else:
        print_record(record)


@commands.command()
def add(
    model: Annotated[str, typer.Argument(help="A hub id (owner/name) or a folder with a model.")],
    name: Annotated[str | None, typer.Option(help="Name to show; by default the hub's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a hub model, or a folder of this machine, to the collection."""
    from pegbox.sdk.client import Client

    folder = Path(model).expanduser()
    identifier = str(folder.absolute()) if folder.is_dir() else model
    with Client() as client:
        answer = client.models.add(identifier, **({"name": name} if name else {}))
    if as_json:
        print_json(answer["model"])
    else:
        typer.echo(answer["message"])


@commands.command()
def remove(
    model: ModelId,
    force: Annotated[
        bool, typer.Option("--force", help="Also when something rests on it, or it is in production.")
    ] = False,
) -> None:
    """Take a model out of the collection; its files stay."""
    from pegbox.sdk.client import Client

    with Client() as client:
        client.models.remove(model, force=force)
    typer.echo(f"Removed {model}")


@commands.command()
def tag(
    model: ModelId,
    tag: Annotated[str, typer.Argument(help="A word; staging, production and archived exclude each other.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away.")] = False,
) -> None:
    """Tag a model. Of one name only one is in production."""
    from pegbox.sdk.client import Client

    with Client() as client:
        record = client.models.untag(model, tag) if remove else client.models.tag(model, tag)
    typer.echo(f"{record['id']}: {', '.join(record['tags']) or 'no tags'}")
    if record["replaced"]:
        typer.echo(f"{record['replaced']} is no longer in production", err=True)


@commands.command()
def export(
    model: ModelId,
    target: Annotated[Path, typer.Argument(help="File or folder to write to.")] = Path(),
    part: Annotated[Part, typer.Option(help="Of an adapter: it alone, or the merged weights alone.")] = Part.ALL,
) -> None:
    """Save a model's files as a ZIP archive."""
    from pegbox.sdk.client import Client

    with Client() as client:
        typer.echo(str(client.models.export(model, target, part=part.value)))


@commands.command()
def card(model: ModelId) -> None:
    """Print the model card: what it is, what it was made of, how well it did."""
    from pegbox.sdk.client import Client

    with Client() as client:
        typer.echo(client.models.card(model))


@commands.command()
def ask(
    model: Annotated[str, typer.Argument(help="Id of a finished model (model-…), or the folder of one.")],
    question: Annotated[str, typer.Argument(help="The question.")],
    max_new_tokens: Annotated[int, typer.Option(min=1, max=4096, help="Longest answer, in tokens.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Ask a finished model a question. The model is loaded into this process."""
    from pegbox.inference.finished_model import answer_question

    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = Path(_location(model))
    answer = answer_question(folder, question, max_new_tokens=max_new_tokens)
    if as_json:
        print_json({"model": model, "question": question, "answer": answer})
    else:
        typer.echo(answer)


def _location(model: str) -> str:
    """The folder of a model in the collection. Raises ConflictError when it is not on this machine."""
    from pegbox.errors import ConflictError
    from pegbox.sdk.client import Client

    with Client() as client:
        record = client.models.get(model)
    location = str(record.get("location") or "")
    if not location or not Path(location).is_dir():
        raise ConflictError(f"{model} has no files on this machine; only finished models and folders can be asked.")
    return location
