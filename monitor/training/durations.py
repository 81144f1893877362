"""Duration formats of the Training Monitor API."""

from __future__ import annotations


def format_duration(seconds: float) -> str:
    """Formats seconds as `1h 23m 45s`, `32m 15s`, `7s`."""
    hours, minutes, rest = _split(seconds)
    if hours:
        return f"{hours}h {minutes}m {rest}s"
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


def format_clock(seconds: float) -> str:
    """Formats seconds as `1:23:45`."""
    hours, minutes, rest = _split(seconds)
    return f"{hours}:{minutes:02}:{rest:02}"


def _split(seconds: float) -> tuple[int, int, int]:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return hours, minutes, rest
