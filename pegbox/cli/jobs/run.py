"""`pegbox job run -- COMMAND`: runs a command as a job and follows its output."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from pegbox.cli.output import AsJson, print_json


def run_command(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")],
    name: Annotated[str | None, typer.Option(help="Name of the job; by default the command itself.")] = None,
    gpus: Annotated[int | None, typer.Option(min=0, max=64, help="GPUs; by default 1 where there is one.")] = None,
    priority: Annotated[int, typer.Option(min=-100, max=100, help="Higher goes first.")] = 0,
    env: Annotated[list[str], typer.Option(help="NAME=VALUE for the command; may be repeated.")] = [],  # noqa: B006
    after: Annotated[list[str], typer.Option(help="A job that must complete first; may be repeated.")] = [],  # noqa: B006
    retries: Annotated[int, typer.Option(min=0, max=100, help="Further attempts after a failed one.")] = 0,
    timeout: Annotated[float | None, typer.Option(help="Time limit of one attempt in seconds.")] = None,
    shell: Annotated[
        bool, typer.Option("--shell", help="The argument is a shell script: pipes, globs, variables.")
    ] = False,
    experiment: Annotated[str | None, typer.Option(help="Experiment that the job joins; made if it is new.")] = None,
    tag: Annotated[list[str], typer.Option(help="A word to find it by; may be repeated.")] = [],  # noqa: B006
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Do not wait: print the id and leave.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a command as a job and follow its output; ends with its exit code. Ctrl-C leaves the job running.

    Example: pegbox job run --gpus 1 -- python train.py --epochs 3
    """
    from pegbox.cli.jobs.follow_command import follow_command
    from pegbox.sdk.client import Client

    text = " ".join(command) if shell else shlex.join(command)
    with Client() as client:
        job = client.jobs.create(
            name=name or " ".join(text.split())[:200],
            command=text,
            shell=shell,
            environment=dict(_environment_entry(entry) for entry in env),
            max_retries=retries,
            timeout_seconds=timeout,
            gpu_count=gpus,
            priority=priority,
            depends_on=after,
            tags=tag,
            experiment=experiment,
        )
        if not detach:
            follow_command(client, job["uid"], as_json=as_json)
        elif as_json:
            print_json(job)
        else:
            typer.echo(job["id"])


def _environment_entry(entry: str) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not equals:
        raise typer.BadParameter(f"'{entry}' is not NAME=VALUE", param_hint="--env")
    return name, value
