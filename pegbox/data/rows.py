"""Reads the rows of a dataset file and splits them into training and validation rows. Does not import torch."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pegbox.errors import UnusableContentError
from pegbox.schemas.jobs.hyperparameters import count_held_out

MAX_CELL_CHARACTERS = 2**27
"""Replaces the limit of the csv module, which is far below the allowed size of a cell."""


class Row(NamedTuple):
    """A question and the expected answer."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Split:
    """Training rows and held-out rows, both in the order of the file."""

    training: list[Row]
    validation: list[Row]


def read_rows(
    path: Path, mapping: Mapping[str, str] | None = None, *, encoding: str = "utf-8", delimiter: str = ","
) -> list[Row]:
    """Reads the mapped columns of a CSV file. Omits rows without a question or an answer.

    `mapping` maps `input` and `output` to columns of the file. Raises `UnusableContentError` when a column is missing or
    no row is left.
    """
    columns = {"input": "input", "output": "output", **(mapping or {})}
    rows = list(_complete_rows(path, columns["input"], columns["output"], encoding, delimiter))
    if not rows:
        raise UnusableContentError("The dataset has no row with both a question and an answer.")
    return rows


def _complete_rows(path: Path, prompt: str, completion: str, encoding: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    # Otherwise a byte order mark would become part of the first column's name.
    encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        reader = csv.reader(file, delimiter=delimiter)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in (prompt, completion) if name not in header]
        if missing:
            raise UnusableContentError(
                f"The dataset has no column '{missing[0]}'; its columns are {', '.join(header) or '(none)'}."
            )
        at_prompt, at_completion = header.index(prompt), header.index(completion)
        for cells in reader:
            if len(cells) > max(at_prompt, at_completion) and cells[at_prompt].strip() and cells[at_completion].strip():
                yield Row(cells[at_prompt], cells[at_completion])


def split_rows(rows: Sequence[Row], share: float, seed: int) -> Split:
    """Holds out `share` of the rows, drawn with `seed`: at least one if `share` is above 0 and there are two rows."""
    held_out = set(random.Random(seed).sample(range(len(rows)), count_held_out(len(rows), share)))  # noqa: S311 - reproducible, not secret
    return Split(
        training=[row for index, row in enumerate(rows) if index not in held_out],
        validation=[row for index, row in enumerate(rows) if index in held_out],
    )
