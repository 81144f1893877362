"""The sample dataset: questions and answers about Python, made from the standard library's own docstrings."""

from __future__ import annotations

from pathlib import Path

SAMPLE_CSV = Path(__file__).with_name("python_docstrings.csv")
"""1,160 rows with the columns `input` and `output`; `docstrings.py` beside it writes this file."""
