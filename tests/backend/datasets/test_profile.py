"""The look at every row: repeats, empty cells, lengths."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.profile import BINS, read_profile
from backend.datasets.readers.table import SourceFile


def test_what_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('q,a,note\nhi,there,x\nhi,there,x\n"two\nlines",,\n\nhi,there,y\n')
    profile = read_profile([SourceFile(path, "a.csv", "csv")], ["q", "a", "note"], {"input": "q", "output": "a"})
    assert profile.rows == 4
    assert profile.duplicates == 1
    assert profile.empty == (("a", 1), ("note", 1))
    question, answer = profile.lengths
    assert (question.column, question.role, question.longest, question.longest_line) == ("q", "input", 9, 4)
    assert question.mean == (2 + 2 + 9 + 2) / 4
    assert question.bins[2] == 3  # two characters
    assert question.bins[4] == 1  # eight to fifteen
    assert answer.bins[0] == 1


@given(st.lists(st.text(st.characters(categories=["L", "N"]), max_size=200), min_size=1, max_size=30))
def test_every_cell_is_in_one_bin(tmp_path_factory: object, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("p") / "a.csv"  # type: ignore[attr-defined]
    path.write_text("input,output\n" + "".join(f"{cell},x\n" for cell in cells), encoding="utf-8")
    profile = read_profile(
        [SourceFile(path, "a.csv", "csv")], ["input", "output"], {"input": "input", "output": "output"}
    )
    lengths = profile.lengths[0]
    assert sum(lengths.bins) == profile.rows == len(cells)
    assert lengths.longest == max(map(len, cells))
    for index, count in enumerate(lengths.bins[: BINS - 1]):
        low, high = (0, 0) if not index else (2 ** (index - 1), 2**index - 1)
        assert count == sum(low <= len(cell) <= high for cell in cells)
    assert profile.duplicates == len(cells) - len(set(cells))
