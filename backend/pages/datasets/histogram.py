"""Bars of a histogram in SVG units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 64


@dataclass(frozen=True)
class Bar:
    """A bar with its tooltip text and axis label."""

    x: float
    y: float
    width: float
    height: float
    text: str
    label: str


def bars_of(counts: Sequence[int], width: float, gap: float, texts: Sequence[str], labels: Sequence[str]) -> list[Bar]:
    """One bar per count, scaled to the highest; bars of non-zero counts stay visible."""
    highest = max(counts, default=0) or 1
    found = []
    for index, count in enumerate(counts):
        height = max(1.0, HEIGHT * count / highest) if count else 0.0
        found.append(Bar(index * width, HEIGHT - height, width - gap, height, texts[index], labels[index]))
    return found
