"""A small named cast of data that tests share."""

from __future__ import annotations

from pathlib import Path

SUPPORT_CSV = Path(__file__).parent / "support.csv"
"""Six questions and answers: quotes, a line break in a cell, non-ASCII."""
