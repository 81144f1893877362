"""Rows of a CSV file, and the seeded split."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbox.data.rows import Row, read_rows, split_rows
from pegbox.errors import UnusableContentError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1).filter(str.strip)
ROWS = st.lists(st.builds(Row, TEXT, TEXT), min_size=1, max_size=40)


@given(ROWS)
def test_every_complete_row_is_read_as_written(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("input", "output"), *rows])

    assert read_rows(path) == rows


@given(ROWS, st.floats(0, 0.99), st.integers(0, 2**32 - 1))
def test_split_is_a_partition_that_keeps_the_order(rows: list[Row], share: float, seed: int) -> None:
    numbered = [Row(f"{index}", row.completion) for index, row in enumerate(rows)]

    split = split_rows(numbered, share, seed)

    assert sorted(split.training + split.validation, key=lambda row: int(row.prompt)) == numbered
    for part in (split.training, split.validation):
        assert part == sorted(part, key=lambda row: int(row.prompt))
    assert split.training
    assert bool(split.validation) == (share > 0 and len(rows) > 1)
    assert split == split_rows(numbered, share, seed)


def test_another_seed_holds_out_other_rows() -> None:
    rows = [Row(f"{index}", "x") for index in range(200)]

    assert split_rows(rows, 0.1, 1).validation != split_rows(rows, 0.1, 2).validation
    assert len(split_rows(rows, 0.1, 1).validation) == 20


def test_columns_are_mapped_and_incomplete_rows_left_out(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text('﻿id; Frage ;Antwort\n1;Was?;Das.\n2;;leer\n3;kurz\n4;Wer?;"Die;\nda"\n', encoding="utf-8")

    rows = read_rows(path, {"input": "Frage", "output": "Antwort"}, delimiter=";")

    assert rows == [Row("Was?", "Das."), Row("Wer?", "Die;\nda")]


def test_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("input,output\ncafé,déjà vu\n".encode("latin-1"))

    assert read_rows(path, encoding="latin-1") == [Row("café", "déjà vu")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,answer\na,b\n", "has no column 'input'; its columns are question, answer"),
        ("input\na\n", "has no column 'output'"),
        ("", r"its columns are \(none\)"),
        ("input,output\n,\n", "no row with both"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(UnusableContentError, match=message):
        read_rows(path)
