"""One log for several processes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence

_COLOURS = ("36", "35", "33", "32", "34")


class ProcessLog:
    """Prints lines with the time and the name of their process; in colour on a terminal."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(len(name) for name in (*names, "pegbox"))
        self._colours = dict(zip(names, _COLOURS, strict=False))
        self._plain = not sys.stdout.isatty()
        self._lock = threading.Lock()

    def print_line(self, name: str, text: str) -> None:
        """Prints one line. Thread-safe."""
        label = f"{name:<{self._width}}"
        if not self._plain:
            label = f"\x1b[{self._colours.get(name, '1')}m{label}\x1b[0m"
        with self._lock:
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} {label} {text}\n")
            sys.stdout.flush()
