"""The token file keeps its promise: text reads on every surface it is used on, in both themes."""

from __future__ import annotations

import re
from itertools import product

import pytest

from frontend import TEMPLATES

TOKENS = TEMPLATES.parent / "src" / "styles" / "tokens.css"
THEMES = ("light", "dark")
TEXT, CONTROL = 4.5, 3.0

TEXT_PAIRS = [
    *product(("text", "text-2", "text-3"), ("bg", "surface", "sunken", "raised", "hover")),
    *product(("text", "text-2"), ("selected", "accent-tint")),
    *(("accent", surface) for surface in ("bg", "surface", "raised", "accent-tint")),
    ("accent-text", "accent"),
    ("surface", "err"),
    *((name, f"{name}-tint") for name in ("ok", "warn", "err", "info")),
    *(("text", f"{name}-tint") for name in ("ok", "warn", "err", "info")),
    *product(("ok", "warn", "err", "info"), ("surface", "bg")),
]
CONTROL_PAIRS = [
    ("border-control", "surface"),
    ("border-control", "bg"),
    *((f"series-{number}", "surface") for number in range(1, 7)),
]


def tokens() -> dict[str, dict[str, str]]:
    """Colour by theme and token name."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", TOKENS.read_text("utf-8"))
    assert len(found) > 25, "the token file no longer looks as this test reads it"
    return {theme: {name: colors[index] for name, *colors in found} for index, theme in enumerate(THEMES)}


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_reads(theme: str, front: str, back: str) -> None:
    colors = tokens()[theme]
    assert contrast(colors[front], colors[back]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), CONTROL_PAIRS)
def test_controls_and_lines_show(theme: str, front: str, back: str) -> None:
    colors = tokens()[theme]
    assert contrast(colors[front], colors[back]) >= CONTROL
