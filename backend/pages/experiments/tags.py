"""Parses and formats tags of an experiment as typed: `task: summaries, draft`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def parse_tags(text: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """`name: value` pairs; names without a value are true. Unchanged values keep their type: 3 stays a number."""
    tags: dict[str, Any] = {}
    for part in text.replace("\n", ",").split(","):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not name:
            continue
        tags[name] = known[name] if name in known and _text(known[name]) == value else value if colon else True
    return tags


def show_tags(tags: Mapping[str, Any]) -> list[str]:
    """A text for each tag."""
    return [name if value is True else f"{name}: {_text(value)}" for name, value in tags.items()]


def _text(value: Any) -> str:
    return "" if value is True else "no" if value is False else str(value)
