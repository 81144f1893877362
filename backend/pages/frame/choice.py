"""An option of a filter above a list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """An option with its address and the number of matches."""

    label: str
    href: str
    count: int
    current: bool
