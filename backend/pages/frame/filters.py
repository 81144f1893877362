"""Formats numbers, sizes and times for templates."""

from __future__ import annotations

from datetime import UTC, datetime

THIN_SPACE = "\u202f"
MINUS = "−"


def whole(value: float | None) -> str:
    """Rounded, with thin spaces between thousands; a dash for `None`."""
    return "–" if value is None else f"{round(value):,}".replace(",", THIN_SPACE).replace("-", MINUS)


def figure(value: object, digits: int = 3) -> str:
    """A number of any magnitude, formatted as in the page scripts; a dash for other values."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return "–"
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-3:
        mantissa, _, exponent = f"{value:.{max(0, digits - 1)}e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    elif size >= 1000:
        return whole(value)
    else:
        text = (
            f"{value:.{min(1, digits) if size >= 100 else min(2, digits) if size >= 10 else _decimals(size, digits)}f}"
        )
    return text.replace("-", MINUS)


def _decimals(size: float, digits: int) -> int:
    """One more digit when rounding would change the value by more than 2 %."""
    return digits + 1 if digits >= 2 and abs(round(size, digits) - size) > size / 50 else digits


def size(value: float) -> str:
    """Bytes in binary units."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    unit = 0
    while value >= 1024 and unit < len(units) - 1:
        value /= 1024
        unit += 1
    return f"{value:.0f} {units[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {units[unit]}"


def duration(seconds: float) -> str:
    """A duration in its two largest units."""
    total = max(0, round(seconds))
    days, rest = divmod(total, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"


def iso(moment: datetime | None) -> str:
    """For a `datetime` attribute."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def utc_clock(moment: datetime | None) -> str:
    """UTC text of a `<time>` element; the page script replaces it by local time."""
    return f"{moment.astimezone(UTC):%-d %b, %H:%M} UTC" if moment else "–"


def unix(moment: datetime | None) -> str:
    """Unix seconds for scripts; empty for `None`."""
    return f"{moment.timestamp():.3f}" if moment else ""
