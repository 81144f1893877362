"""Messages between worker and trainer process: an assignment on stdin, progress lines on a pipe, a failure in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from pegbox.schemas.jobs.queue import Capabilities, Phase, TrainingSpec

EXIT_STOPPED = 75
"""EX_TEMPFAIL: the training stopped on request with everything saved; a later attempt can resume it."""


class Assignment(BaseModel):
    """The job of a trainer process, as one line of JSON on its stdin."""

    job: TrainingSpec
    home: Path
    monitor_url: str
    token: str | None = None


class ProgressLine(BaseModel):
    """One line from the trainer process: its capabilities when it is ready, then the progress of the training."""

    capabilities: Capabilities | None = None
    phase: Phase | None = None
    step: int | None = None
    max_steps: int | None = None


class Failure(BaseModel):
    """Why a training failed, as one sentence for the user. Written to the job's folder."""

    error: str
