"""What a run accepts as a number, a step, a text."""

from __future__ import annotations

from typing import Any, SupportsFloat


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
