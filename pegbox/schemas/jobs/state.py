"""The states of a job. Imports nothing heavy: the SDK and the database tables use it too."""

from __future__ import annotations

from typing import Literal

JobState = Literal["created", "queued", "running", "paused", "completed", "failed", "cancelled"]

CURRENT_STATES: tuple[JobState, ...] = ("running", "queued", "paused", "created")
TERMINAL_STATES: tuple[JobState, ...] = ("completed", "failed", "cancelled")
"""States that a job never leaves."""

UNSUCCESSFUL_STATES: tuple[JobState, ...] = ("failed", "cancelled")
