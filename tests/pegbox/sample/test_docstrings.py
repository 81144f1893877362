"""The sample dataset that every newcomer trains on first."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from pegbox.data.rows import read_rows
from pegbox.sample import SAMPLE_CSV
from pegbox.sample.docstrings import first_sentence, write


def test_the_file_in_the_package() -> None:
    rows = read_rows(SAMPLE_CSV)

    assert len(rows) == 1160
    assert len({row.prompt for row in rows}) == 1160
    assert all(row.completion.endswith(".") for row in rows)
    assert set(Counter(row.prompt.split("?")[0].split(" ")[0] for row in rows)) >= {"What", "Explain", "Summarise"}


def test_the_script_writes_such_a_file(tmp_path: Path) -> None:
    count = write(tmp_path / "made.csv")

    assert count == len(read_rows(tmp_path / "made.csv")) >= 1000
    if sys.version_info[:2] == (3, 11):  # whose docstrings made the file in the package
        assert (tmp_path / "made.csv").read_bytes() == SAMPLE_CSV.read_bytes()


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        ("Return the\n  length.  More.", "Return the length."),
        ("S.find(sub[, start]) -> int\n\nReturn the index.\nOr -1.", "Return the index."),
        ("D.keys() -> a set-like object providing a view", "A set-like object providing a view."),
        ("D.clear() -> None.  Remove all items from D.", "Remove all items from D."),
        (
            "Return whether it is callable (i.e., some function).",
            "Return whether it is callable (i.e., some function).",
        ),
    ],
)
def test_first_sentence(docstring: str, sentence: str) -> None:
    assert first_sentence(docstring) == sentence
