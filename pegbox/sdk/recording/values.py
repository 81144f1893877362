"""What a run accepts as a number, a step, a text, as settings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, SupportsFloat, TypeVar

T = TypeVar("T")
MAX_SETTINGS = 2_000
"""Values in a configuration; what comes after them is left out."""

MAX_SETTING_DEPTH = 10
MAX_SETTING_TEXT = 10_000


def as_number(name: str, value: SupportsFloat) -> float:
    """Raises `TypeError` that names the metric."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}") from error
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def as_step(step: Any) -> int:
    """Raises `ValueError` for what is not a whole number below 2^53."""
    number = int(step)
    if number != step or not -(2**53) < number < 2**53:
        raise ValueError(f"step must be a whole number, not {step!r}")
    return number


def as_text(value: object, limit: int) -> str:
    """At most `limit` characters of it."""
    return str(value)[:limit]


def as_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """A script's configuration as JSON that can be stored: bounded in size and depth, what JSON does not know as text."""
    budget = [MAX_SETTINGS]
    return {_plain_text(name): _setting(value, budget, 1) for name, value in _first(values.items(), budget)}


def _setting(value: Any, budget: list[int], depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else _plain_text(_digits(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping) and depth < MAX_SETTING_DEPTH:
        return {_plain_text(name): _setting(item, budget, depth + 1) for name, item in _first(value.items(), budget)}
    if isinstance(value, list | tuple | set | frozenset) and depth < MAX_SETTING_DEPTH:
        return [_setting(item, budget, depth + 1) for item in _first(value, budget)]
    return _plain_text(value)


def _first(items: Iterable[T], budget: list[int]) -> Iterator[T]:
    """As many as may still be kept."""
    for item in items:
        if budget[0] <= 0:
            return
        budget[0] -= 1
        yield item


def _digits(value: int) -> str:
    return str(value) if abs(value) < 10**300 else f"an integer of {value.bit_length()} bits"


def _plain_text(value: object) -> str:
    """At most 10,000 characters, none that a database refuses."""
    cut = str(value)[:MAX_SETTING_TEXT].replace("\0", "\ufffd")
    return cut.encode("utf-8", "replace").decode()
