"""What the trainer needs of a run; `pegbox.sdk.recording.run.Run` is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat


class Recorder(Protocol):
    """Takes what a training reports. No call may block a training step."""

    def log(self, values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
        """Metric values of one step."""

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        """Prompts with expected and given answers (`prompt`, `expected`, `answer`)."""

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        """Something worth a mark on the curve."""

    def rewind(self, step: int) -> None:
        """What was reported for later steps no longer counts."""

    def settle(self) -> None:
        """Returns once the end of this process can take nothing away that was reported."""

    def update(self, *, total_steps: int | None = None, summary: Mapping[str, Any] | None = None) -> None:
        """Changes the run's own record."""
