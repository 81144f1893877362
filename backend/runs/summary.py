"""Makes a run's values valid JSON: scripts log NaN and infinities."""

from __future__ import annotations

import math
from typing import Any


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Replaces NaN and infinities by null, recursively."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
