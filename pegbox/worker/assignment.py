"""What worker and child tell each other: one assignment in on stdin, progress lines out on a pipe."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from pegbox.schemas.jobs.queue import Capabilities, Phase, TrainingSpec

EXIT_STOPPED = 75
"""EX_TEMPFAIL: stopped on request with everything saved; the same job may go on later."""


class Assignment(BaseModel):
    """The one line a child reads before it trains."""

    job: TrainingSpec
    home: Path
    monitor_url: str
    token: str | None = None


class ChildLine(BaseModel):
    """A line from the child: its capabilities once it is warm, then where the training stands."""

    capabilities: Capabilities | None = None
    phase: Phase | None = None
    step: int | None = None
    max_steps: int | None = None


class Failure(BaseModel):
    """Why a training ended without a result: one sentence for a person."""

    error: str
