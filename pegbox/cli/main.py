"""The command `pegbox` and its subcommands."""

from __future__ import annotations

import sys

import typer

from pegbox.cli import database, dataset_versions, model, run
from pegbox.cli.accounts import token, user
from pegbox.cli.accounts.login import login, logout
from pegbox.cli.jobs import job
from pegbox.cli.jobs.train import train
from pegbox.cli.up import up
from pegbox.cli.worker import worker
from pegbox.errors import AuthenticationError, PegboxError

cli = typer.Typer(
    name="pegbox",
    help="Fine-tune language models on your own machine, and watch them learn.",
    no_args_is_help=True,
    # Help texts contain brackets, as in pegbox[train], which markup would remove.
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command()(up)
cli.command()(worker)
cli.command()(train)
cli.command()(login)
cli.command()(logout)
cli.add_typer(job.commands, name="job")
cli.add_typer(run.commands, name="run")
cli.add_typer(dataset_versions.commands, name="dataset")
cli.add_typer(model.commands, name="model")
cli.add_typer(database.commands, name="db")
cli.add_typer(user.commands, name="user")
cli.add_typer(token.commands, name="token")


@cli.callback(invoke_without_command=True)
def options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Fine-tune language models on your own machine, and watch them learn."""
    if version:
        from pegbox import __version__

        typer.echo(__version__)
        raise typer.Exit


def app() -> None:
    """The entry point. Prints an error as one line and exits with 1; wrong usage exits with 2."""
    try:
        cli(prog_name="pegbox")
    except PegboxError as error:
        hint = "; sign in with `pegbox login`, or set PEGBOX_TOKEN" if isinstance(error, AuthenticationError) else ""
        typer.echo(f"pegbox: {error.message}{hint}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of the output has closed the pipe
        sys.stderr.close()
        sys.exit(1)
