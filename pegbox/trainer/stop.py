"""SIGTERM asks a training to finish its step, save and leave."""

from __future__ import annotations

import signal
from types import FrameType


class StopRequest:
    """Set by SIGTERM; the training looks at it after every step."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """From now on SIGTERM sets the request instead of ending the process. SIGINT is left to the worker."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
