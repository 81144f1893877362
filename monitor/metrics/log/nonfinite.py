"""NaN and infinities on the wire: JSON has no word for them, so text stands in."""

from __future__ import annotations

import math

NUMBER_OF_WORD = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def wire_number(value: float) -> float | str:
    """The value as JSON can carry it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
