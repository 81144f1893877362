"""Media that `Run.log` accepts besides numbers: histograms, texts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_TEXT = 100_000
MAX_CELL = 10_000
MAX_ROWS = 1_000
MAX_COLUMNS = 100
MAX_BINS = 1_000


class Media:
    """Base of the media classes. `data` is the JSON form."""

    data: dict[str, Any]


class Histogram(Media):
    """A histogram, e.g. `run.log({"weights": pegbox.Histogram(layer.weight)}, step=step)`.

    `values` is a tensor or anything that NumPy converts to an array; NaN and infinities are counted separately. With `counts`,
    `values` holds the edges of the bins instead, one more than there are counts.
    """

    def __init__(self, values: Any, bins: int = 64, *, counts: Sequence[int] | None = None) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import, not needed to log numbers

        if hasattr(values, "detach"):  # a tensor that may require gradients
            values = values.detach().cpu().float()
        array = np.asarray(values, dtype=np.float64).ravel()
        if counts is not None:
            if len(array) != len(counts) + 1 or not 1 <= len(counts) <= MAX_BINS:
                raise ValueError(f"a histogram has 1 to {MAX_BINS} counts and one edge more")
            self.data = {"kind": "histogram", "edges": array.tolist(), "counts": [int(count) for count in counts]}
            return
        if not 1 <= bins <= MAX_BINS:
            raise ValueError(f"bins must be 1 to {MAX_BINS}, not {bins}")
        finite = array[np.isfinite(array)]
        numbers, edges = np.histogram(finite, bins=bins)
        self.data = {
            "kind": "histogram",
            "edges": edges.tolist(),
            "counts": numbers.tolist(),
            "nonfinite": int(array.size - finite.size),
        }


class Text(Media):
    """A text, cut to 100,000 characters."""

    def __init__(self, text: str) -> None:
        self.data = {"kind": "text", "text": str(text)[:MAX_TEXT]}


class Table(Media):
    """Rows of cells, at most 1,000 rows and 100 columns. Cells are text, numbers, booleans or `None`; other
    values become text. Raises `ValueError` for a row whose number of cells differs from the number of columns.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        names = [str(column)[:200] for column in columns]
        if not 1 <= len(names) <= MAX_COLUMNS:
            raise ValueError(f"a table has 1 to {MAX_COLUMNS} columns, not {len(names)}")
        if len(rows) > MAX_ROWS:
            raise ValueError(f"a table has at most {MAX_ROWS} rows, not {len(rows)}")
        for number, row in enumerate(rows):
            if len(row) != len(names):
                raise ValueError(f"row {number} has {len(row)} cells, the table has {len(names)} columns")
        self.data = {"kind": "table", "columns": names, "rows": [[_cell(value) for value in row] for row in rows]}


def _cell(value: Any) -> str | float | int | bool | None:
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
    if isinstance(value, float) and value - value == 0:  # finite
        return value
    return str(value)[:MAX_CELL]
