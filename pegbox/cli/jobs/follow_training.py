"""Watches a job until it ends: progress bar, live losses and ETA in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from pegbox.cli.output import print_json, text_of
from pegbox.errors import NotFoundError, UnavailableError
from pegbox.schemas.jobs.job import TERMINAL_STATES
from pegbox.sdk.client import Client
from pegbox.sdk.environment import default_monitor_url

if TYPE_CHECKING:
    from rich.progress import Progress

WAIT_SECONDS = 10.0
RETRY_SECONDS = 1.0
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect it."""

METRICS = ("train_loss", "validation_loss", "tokens_per_second")


@dataclass
class Standing:
    """What is known of a job while it is watched."""

    state: str = "queued"
    phase: str | None = None
    step: int = 0
    total_steps: int | None = None
    eta_seconds: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)
    """Sentences that came since the last look."""

    def take(self, envelope: dict[str, Any]) -> None:
        """Counts in one message of the feed."""
        data = envelope["data"]
        if envelope["kind"] == "point":
            self.step = max(self.step, data["step"])
            self.values.update((name, data["values"][name]) for name in METRICS if name in data["values"])
            if "validation_loss" in data["values"]:
                self.news.append(f"step {data['step']}: validation loss {text_of(data['values']['validation_loss'])}")
        elif envelope["kind"] == "event":
            if data["kind"] in ("resumed", "warning", "failed"):
                self.news.append(": ".join(part for part in (data["title"], data["detail"]) if part))
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
        """Losses and speed in a few words."""
        names = {"train_loss": "loss", "validation_loss": "validation", "tokens_per_second": "tokens/s"}
        return "  ".join(f"{names[name]} {text_of(self.values[name])}" for name in METRICS if name in self.values)


def follow_job(client: Client, uid: str, *, as_json: bool = False, from_start: bool = False) -> None:
    """Shows a job until it ends, then its result. Exits with 1 when it did not complete, with 130 after Ctrl-C.

    With `as_json` nothing is shown on the way, and the job is printed at its end.
    """
    client.jobs.get(uid)
    try:
        if as_json:
            for _ in standings(client, uid, from_start=from_start):
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
    if job["state"] in ("failed", "cancelled"):
        raise typer.Exit(1)


def standings(client: Client, uid: str, *, from_start: bool) -> Iterator[Standing]:
    """The standing again after each news, until the job has ended or was paused. An outage of a service is waited out."""
    standing = Standing()
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
                    standing.take(envelope)
                if standing.state == "running" and not standing.values:
                    time.sleep(RETRY_SECONDS / 4)
            # The backend knows first how a job ended; the monitor reads it from there.
            try:
                standing.state = client.jobs.get(uid)["state"]
            except UnavailableError:
                continue
            yield standing
            if standing.state in TERMINAL_STATES or standing.state == "paused":
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
        for standing in standings(client, uid, from_start=from_start):
            _print_news(progress, standing)
            progress.update(
                task,
                description=standing.phase or standing.state,
                completed=standing.step,
                total=standing.total_steps,
                losses=standing.line,
                eta=f"{_duration(standing.eta_seconds)} left" if standing.eta_seconds else "",
            )


def _print_news(progress: Progress, standing: Standing) -> None:
    for sentence in standing.news:
        progress.console.print(sentence, highlight=False, markup=False)
    standing.news.clear()


def _show_lines(client: Client, uid: str, from_start: bool) -> None:
    state = ""
    for standing in standings(client, uid, from_start=from_start):
        if standing.state != state:
            state = standing.state
            typer.echo(state)
        for sentence in standing.news:
            eta = f", {_duration(standing.eta_seconds)} left" if standing.eta_seconds else ""
            of_total = f" ({standing.step}/{standing.total_steps}{eta})" if standing.total_steps else ""
            typer.echo(f"{sentence}{of_total}")
        standing.news.clear()


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
    """The job's result; empty when it has none."""
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
