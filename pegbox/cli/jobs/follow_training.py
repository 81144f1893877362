"""Follows a fine-tuning job until it ends: a progress bar with losses and ETA in a terminal, lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from pegbox.cli.output import print_json, text_of
from pegbox.errors import NotFoundError, UnavailableError
from pegbox.schemas.jobs.state import TERMINAL_STATES, UNSUCCESSFUL_STATES
from pegbox.sdk.client import Client
from pegbox.sdk.environment import default_monitor_url

if TYPE_CHECKING:
    from rich.progress import Progress

WAIT_SECONDS = 10.0
RETRY_SECONDS = 1.0
INTERRUPTED = 130
"""Exit code after Ctrl-C, by the convention of shells."""

METRICS = ("train_loss", "validation_loss", "tokens_per_second")


@dataclass
class JobProgress:
    """The state and progress of a job that is followed."""

    state: str = "queued"
    phase: str | None = None
    step: int = 0
    total_steps: int | None = None
    eta_seconds: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    """Messages to print, which the caller clears."""

    def update(self, envelope: dict[str, Any]) -> None:
        """Applies one message of the feed."""
        data = envelope["data"]
        if envelope["kind"] == "point":
            self.step = max(self.step, data["step"])
            self.values.update((name, data["values"][name]) for name in METRICS if name in data["values"])
            if "validation_loss" in data["values"]:
                self.messages.append(
                    f"step {data['step']}: validation loss {text_of(data['values']['validation_loss'])}"
                )
        elif envelope["kind"] == "event":
            if data["kind"] in ("resumed", "warning", "failed"):
                self.messages.append(": ".join(part for part in (data["title"], data["detail"]) if part))
        elif envelope["kind"] == "status":
            self.state = data["state"]
            self.phase = data["phase"]
            self.step = data["step"] or self.step
            self.total_steps = data["total_steps"] or self.total_steps
            self.eta_seconds = data["eta_seconds"]
        elif envelope["kind"] == "end":
            self.state = data["state"]

    @property
    def line(self) -> str:
        """The last losses and the speed as text."""
        names = {"train_loss": "loss", "validation_loss": "validation", "tokens_per_second": "tokens/s"}
        return "  ".join(f"{names[name]} {text_of(self.values[name])}" for name in METRICS if name in self.values)


def follow_job(client: Client, uid: str, *, as_json: bool = False, from_start: bool = False) -> None:
    """Shows a job until it ends, then its result. Exits with 1 when the job failed or was cancelled, with 130 after Ctrl-C.

    With `as_json` prints only the job at its end.
    """
    client.jobs.get(uid)
    try:
        if as_json:
            for _ in follow_progress(client, uid, from_start=from_start):
                pass
        elif sys.stdout.isatty():
            _show_bar(client, uid, from_start)
        else:
            _show_lines(client, uid, from_start)
    except KeyboardInterrupt:
        typer.echo(
            f"\nThe job goes on. Watch it again: pegbox job follow {uid}    End it: pegbox job cancel {uid}", err=True
        )
        raise typer.Exit(INTERRUPTED) from None
    job = client.jobs.get(uid)
    if as_json:
        print_json({**job, "result": _result(client, uid)})
    else:
        _show_end(client, job)
    if job["state"] in UNSUCCESSFUL_STATES:
        raise typer.Exit(1)


def follow_progress(client: Client, uid: str, *, from_start: bool) -> Iterator[JobProgress]:
    """Yields the progress after each update until the job ends or pauses. Retries during outages."""
    job_progress = JobProgress()
    cursor: int | None = 0 if from_start else None
    with Client(default_monitor_url()) as monitor:
        while True:
            try:
                envelopes = monitor.request(
                    "GET",
                    f"/api/runs/{uid}/feed",
                    params={"after": cursor, "wait": WAIT_SECONDS if cursor is not None else 0},
                    timeout=WAIT_SECONDS * 3,
                ).json()
            except (UnavailableError, NotFoundError):
                time.sleep(RETRY_SECONDS)
            else:
                for envelope in envelopes:
                    cursor = max(cursor or 0, envelope["seq"])
                    job_progress.update(envelope)
                if job_progress.state == "running" and not job_progress.values:
                    time.sleep(RETRY_SECONDS / 4)
            # The backend has the final state first; the monitor reads it from the backend.
            try:
                job_progress.state = client.jobs.get(uid)["state"]
            except UnavailableError:
                continue
            yield job_progress
            if job_progress.state in TERMINAL_STATES or job_progress.state == "paused":
                return


def _show_bar(client: Client, uid: str, from_start: bool) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TextColumn("{task.fields[eta]}"),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("queued", total=None, losses="", eta="")
        for job_progress in follow_progress(client, uid, from_start=from_start):
            _print_messages(progress, job_progress)
            progress.update(
                task,
                description=job_progress.phase or job_progress.state,
                completed=job_progress.step,
                total=job_progress.total_steps,
                losses=job_progress.line,
                eta=f"{_duration(job_progress.eta_seconds)} left" if job_progress.eta_seconds else "",
            )


def _print_messages(progress: Progress, job_progress: JobProgress) -> None:
    for message in job_progress.messages:
        progress.console.print(message, highlight=False, markup=False)
    job_progress.messages.clear()


def _show_lines(client: Client, uid: str, from_start: bool) -> None:
    state = ""
    for job_progress in follow_progress(client, uid, from_start=from_start):
        if job_progress.state != state:
            state = job_progress.state
            typer.echo(state)
        for message in job_progress.messages:
            eta = f", {_duration(job_progress.eta_seconds)} left" if job_progress.eta_seconds else ""
            of_total = f" ({job_progress.step}/{job_progress.total_steps}{eta})" if job_progress.total_steps else ""
            typer.echo(f"{message}{of_total}")
        job_progress.messages.clear()


def _show_end(client: Client, job: dict[str, Any]) -> None:
    state, uid = job["state"], job["uid"]
    if state == "failed":
        typer.echo(f"failed: {job.get('error_message') or 'no reason was given'}", err=True)
        typer.echo(f"More: pegbox job logs {uid} --stderr", err=True)
    elif state == "paused":
        typer.echo(f"paused. Go on: pegbox job resume {uid}")
    elif state == "cancelled":
        typer.echo("cancelled", err=True)
    else:
        _show_result(_result(client, uid))


def _show_result(result: dict[str, Any]) -> None:
    answers = result.get("answers") or {}
    before = {answer["prompt"]: answer["answer"] for answer in answers.get("before", [])}
    for answer in answers.get("after", []):
        typer.echo(f"\n{answer['prompt']}")
        typer.echo(f"  before    {_short(before.get(answer['prompt'], ''))}")
        typer.echo(f"  after     {_short(answer['answer'])}")
        typer.echo(f"  expected  {_short(answer['expected'])}")
    exact = result.get("exact_match")
    metrics = result.get("metrics") or {}
    typer.echo()
    if exact and exact["total"]:
        typer.echo(f"Held-out questions answered word for word: {exact['correct']} of {exact['total']}")
    if metrics.get("first_validation_loss") is not None:
        typer.echo(
            f"Validation loss: {text_of(metrics['first_validation_loss'])} before, "
            f"{text_of(metrics.get('best_validation_loss'))} after"
        )
    typer.echo(f"Model: {result.get('model_path')}")


def _result(client: Client, uid: str) -> dict[str, Any]:
    """The job's result; empty without one."""
    try:
        result: dict[str, Any] = client.jobs.result(uid)["result"] or {}
    except NotFoundError:
        return {}
    return result


def _short(text: str) -> str:
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(text.split()))
    return line if len(line) <= 160 else f"{line[:159]}…"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
