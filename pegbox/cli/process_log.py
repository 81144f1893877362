"""One log stream for several processes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence

_COLOURS = ("36", "35", "33", "32", "34")


class LogStream:
    """Prints whole lines, each under the name of the process it came from; colours only for a terminal."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(len(name) for name in (*names, "pegbox"))
        self._colours = dict(zip(names, _COLOURS, strict=False))
        self._plain = not sys.stdout.isatty()
        self._lock = threading.Lock()

    def say(self, name: str, text: str) -> None:
        """One line of `name`."""
        label = f"{name:<{self._width}}"
        if not self._plain:
            label = f"\x1b[{self._colours.get(name, '1')}m{label}\x1b[0m"
        with self._lock:
            sys.stdout.write(f"{time.strftime('%H:%M:%S')} {label} {text}\n")
            sys.stdout.flush()
