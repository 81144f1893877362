"""The sample dataset: questions and answers about Python, generated from docstrings of built-in functions and types."""

from __future__ import annotations

from pathlib import Path

SAMPLE_CSV = Path(__file__).with_name("python_docstrings.csv")
"""1,160 rows with the columns `input` and `output`, written by `docstrings.py`."""
