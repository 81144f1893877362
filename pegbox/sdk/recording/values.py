"""Validates and bounds numbers, steps, texts and configs that a run records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, SupportsFloat, TypeVar

T = TypeVar("T")
MAX_NAME_LENGTH = 200
MAX_CONFIG_VALUES = 2_000
"""Further values of a config are dropped."""

MAX_CONFIG_DEPTH = 10
MAX_CONFIG_TEXT = 10_000


def as_number(name: str, value: SupportsFloat) -> float:
    """The value as a float. Raises `TypeError` that names the metric."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}") from error
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def as_step(step: Any) -> int:
    """The step as an integer. Raises `ValueError` unless it is a whole number with a magnitude below 2^53."""
    number = int(step)
    if number != step or not -(2**53) < number < 2**53:
        raise ValueError(f"step must be a whole number, not {step!r}")
    return number


def as_media_name(name: str) -> str:
    """The name of a media entry. Raises `ValueError` unless it is text of 1 to 200 characters."""
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise ValueError(f"a name must be 1 to {MAX_NAME_LENGTH} characters of text, not {name!r}")
    return name


def as_text(value: object, limit: int) -> str:
    """The value as text, cut to `limit` characters."""
    return str(value)[:limit]


def as_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """A config as JSON of bounded size and depth; values of other types become text."""
    budget = [MAX_CONFIG_VALUES]
    return {_plain_text(name): _config_value(value, budget, 1) for name, value in _take(values.items(), budget)}


def _config_value(value: Any, budget: list[int], depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else _plain_text(_digits(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping) and depth < MAX_CONFIG_DEPTH:
        return {
            _plain_text(name): _config_value(item, budget, depth + 1) for name, item in _take(value.items(), budget)
        }
    if isinstance(value, list | tuple | set | frozenset) and depth < MAX_CONFIG_DEPTH:
        return [_config_value(item, budget, depth + 1) for item in _take(value, budget)]
    return _plain_text(value)


def _take(items: Iterable[T], budget: list[int]) -> Iterator[T]:
    """Yields items until the budget is used up."""
    for item in items:
        if budget[0] <= 0:
            return
        budget[0] -= 1
        yield item


def _digits(value: int) -> str:
    return str(value) if abs(value) < 10**300 else f"an integer of {value.bit_length()} bits"


def _plain_text(value: object) -> str:
    """At most 10,000 characters, without NUL and lone surrogates, which databases refuse."""
    cut = str(value)[:MAX_CONFIG_TEXT].replace("\0", "\ufffd")
    return cut.encode("utf-8", "replace").decode()
