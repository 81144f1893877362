"""NaN and infinities in JSON, which has no numbers for them: they are sent as strings."""

from __future__ import annotations

import math

NONFINITE_VALUES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def json_number(value: float) -> float | str:
    """Returns the value as JSON can represent it: a float, or `NaN`, `Infinity`, `-Infinity` as a string."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
