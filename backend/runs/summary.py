"""Values of a run on the wire: scripts log what JSON cannot hold."""

from __future__ import annotations

import math
from typing import Any


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """The same with null for NaN and infinities, however deep they lie."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
