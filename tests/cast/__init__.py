"""Data that several tests use."""

from __future__ import annotations

from pathlib import Path

SUPPORT_CSV = Path(__file__).parent / "support.csv"
"""Six questions and answers with quotes, a line break in a cell and non-ASCII characters."""
