"""Stop requests: on SIGTERM a training completes its current step, saves and exits."""

from __future__ import annotations

import signal
from types import FrameType


class StopRequest:
    """Whether SIGTERM was received. The training checks `requested` after each step."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Installs the handler for SIGTERM and ignores SIGINT, which the worker handles."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
