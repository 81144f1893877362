"""The interface of a run that the trainer uses; `pegbox.sdk.recording.run.Run` implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat


class Recorder(Protocol):
    """Records a training. Calls must not block a training step."""

    def log(self, values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
        """Records metric values of a step."""

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        """Records prompts with expected and generated answers: rows with `prompt`, `expected`, `answer`."""

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        """Records an event, which charts mark at its step."""

    def rewind(self, step: int) -> None:
        """Deletes what was recorded for later steps."""

    def settle(self) -> None:
        """Waits until all entries are on disk, so that they survive the end of this process."""

    def update(self, *, total_steps: int | None = None, summary: Mapping[str, Any] | None = None) -> None:
        """Changes total steps or summary of the run."""
