"""Sortable column headings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """`direction` is `ascending` or `descending` if the list is sorted by this column, else empty."""

    label: str
    href: str
    direction: str


def heading_of(label: str, order: str, current: str, href: Callable[[str], str], *, least_first: bool) -> Heading:
    """`current` is the list's order, with a leading minus for descending. A second click reverses the order."""
    if current.removeprefix("-") != order:
        return Heading(label, href(order if least_first else f"-{order}"), "")
    is_descending = current.startswith("-")
    return Heading(label, href(order if is_descending else f"-{order}"), "descending" if is_descending else "ascending")
