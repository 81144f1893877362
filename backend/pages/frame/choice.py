"""An entry of a filter above a list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A label with how many it matches, and where it leads."""

    label: str
    href: str
    count: int
    current: bool
