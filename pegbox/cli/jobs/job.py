"""`pegbox job`: runs, shows and controls jobs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pegbox.cli.jobs.run import run_command
from pegbox.cli.output import AsJson, print_json, print_record, print_table

commands = typer.Typer(help="Run commands, look at jobs and steer them.", no_args_is_help=True, rich_markup_mode=None)

Uid = Annotated[str, typer.Argument(help="Uid or id of the job.")]


commands.command("run", context_settings={"ignore_unknown_options": True})(run_command)


@commands.command("list")
def list_jobs(
    status: Annotated[
        str | None, typer.Option(help="created, queued, running, paused, completed, failed, cancelled")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=500, help="At most so many; by default all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Jobs, newest first."""
    from pegbox.sdk.client import Client

    with Client() as client:
        jobs = client.jobs.list(status=status, limit=limit)
    if as_json:
        print_json(jobs)
        return
    columns = {
        "uid": "UID",
        "name": "NAME",
        "status": "STATUS",
        "progress": "PROGRESS",
        "model": "MODEL",
        "dataset": "DATASET",
    }
    print_table(
        [_row(job) for job in jobs], columns, empty="No jobs yet. Start one: pegbox train FILE.csv --model starter"
    )


@commands.command()
def show(uid: Uid, as_json: AsJson = False) -> None:
    """Everything known about a job."""
    from pegbox.sdk.client import Client

    with Client() as client:
        job = client.jobs.get(uid)
    if as_json:
        print_json(job)
        return
    configuration = job.get("configuration") or {}
    results = job.get("results") or {}
    print_record(
        {
            **_row(job),
            "created": job.get("createdAt"),
            "hyperparameters": configuration.get("hyperparameters"),
            "command": job["command"] if job["kind"] == "command" else None,
            "waits": (job.get("queue") or {}).get("reason"),
            "exit code": job.get("exit_code"),
            "live": job.get("live_metrics"),
            "error": job.get("error_message"),
            "result": results.get("finalModelPath"),
            "performance": results.get("performance"),
        }
    )


@commands.command()
def logs(
    uid: Uid,
    stderr: Annotated[
        bool, typer.Option("--stderr", help="Warnings and tracebacks instead of the normal output.")
    ] = False,
    tail: Annotated[int | None, typer.Option(min=1, help="Only the last lines.")] = None,
    as_json: AsJson = False,
) -> None:
    """What the job printed."""
    from pegbox.sdk.client import Client

    with Client() as client:
        text = client.jobs.logs(uid, stream="stderr" if stderr else "stdout", tail=tail)
    if as_json:
        print_json({"lines": text.splitlines()})
    elif text:
        typer.echo(text.rstrip("\n"))


@commands.command()
def follow(uid: Uid, as_json: AsJson = False) -> None:
    """Watch a job until it ends. Ctrl-C leaves it running."""
    from pegbox.cli.jobs.follow_command import follow_command
    from pegbox.cli.jobs.follow_training import follow_job
    from pegbox.sdk.client import Client

    with Client() as client:
        job = client.jobs.get(uid)
        if job["kind"] == "command":
            follow_command(client, job["uid"], as_json=as_json)
            return
        follow_job(client, uid, as_json=as_json)


@commands.command()
def restart(uid: Uid, as_json: AsJson = False) -> None:
    """Run an ended job again, as a new one."""
    from pegbox.sdk.client import Client

    with Client() as client:
        job = client.jobs.restart(uid)
    if as_json:
        print_json(job)
    else:
        typer.echo(f"{job['id']}: {job['status']}")


@commands.command()
def start(uid: Uid, as_json: AsJson = False) -> None:
    """Queue a created job."""
    _act("start", uid, "queued", as_json)


@commands.command()
def pause(uid: Uid, as_json: AsJson = False) -> None:
    """Let a job finish its step, save and wait."""
    _act("pause", uid, "will pause after its current step", as_json)


@commands.command()
def resume(uid: Uid, as_json: AsJson = False) -> None:
    """Let a paused job go on where it stopped."""
    _act("resume", uid, "queued; it goes on where it stopped", as_json)


@commands.command()
def cancel(uid: Uid, as_json: AsJson = False) -> None:
    """End a job: a training after its step, a command at once."""
    _act("cancel", uid, "is asked to end", as_json)


def _act(verb: str, uid: str, outcome: str, as_json: bool) -> None:
    from pegbox.sdk.client import Client

    with Client() as client:
        answer = getattr(client.jobs, verb)(uid)
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"{uid}: {outcome}")


def _row(job: dict[str, Any]) -> dict[str, Any]:
    configuration = job.get("configuration") or {}
    progress = (job.get("training") or {}).get("progress")
    return {
        "uid": job["id"],
        "name": job["name"],
        "status": job["status"],
        "progress": None if progress is None else f"{progress:.0f} %",
        "model": (configuration.get("model") or {}).get("name"),
        "dataset": (configuration.get("dataset") or {}).get("name"),
    }
