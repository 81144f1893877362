"""`pegbox run` as a user calls it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pegbox.cli.conftest import Pegbox
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT

FOREIGN_RUNS = ROOT / "tests" / "cast" / "foreign_runs"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A monitor, the only service that these commands use."""
    with MonitorProcess(tmp_path_factory.mktemp("runs") / "home") as process:
        yield process.stack


def test_from_files_to_the_list(stack: object, pegbox: Pegbox, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN_RUNS / "trackio", tmp_path / "trackio"))

    said = pegbox("run", "import", str(folder), "--experiment", "old digits", stack=stack)

    assert said.code == 0, said.err
    first, second = said.out.splitlines()
    assert first.endswith("old digits / first: 104 points, 3 others (left out: 1 text value)")
    assert second.endswith("old digits / second: 10 points")
    assert said.err == ""
    run_id = first.split()[0]
    runs = pegbox("run", "list", "--experiment", "old digits", "--json", stack=stack).json
    assert {run["name"]: run["status"] for run in runs} == {"first": "finished", "second": "finished"}
    assert pegbox("run", "list", "--limit", "1", stack=stack).out.splitlines()[0].split() == [
        *("ID", "EXPERIMENT", "NAME", "STATUS", "STEP")
    ]
    shown = pegbox("run", "show", run_id, stack=stack).out
    assert "first" in shown
    assert "lr=0.1" in shown
    again = pegbox("run", "import", str(folder), stack=stack)
    assert [line.rpartition(": ")[2] for line in again.out.splitlines()] == ["nothing new", "nothing new"]


def test_damage_is_told_and_does_not_keep_other_runs_out(stack: object, pegbox: Pegbox, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN_RUNS / "tensorboard", tmp_path / "tensorboard"))
    (file,) = (folder / "second").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    said = pegbox("run", "import", str(folder), stack=stack)

    assert said.code == 1
    assert [line.rpartition("tensorboard / ")[2].partition(":")[0] for line in said.out.splitlines()] == [
        *("first", "second", "third")
    ]
    assert said.err.startswith(f"error: {file}, byte ")
    assert "checksum" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "import", "."), "holds nothing to import: looked for event files of TensorBoard"),
        (("run", "show", "nobody"), "pegbox: Run not found: nobody"),
    ],
)
def test_what_is_not_there_is_told(
    stack: object, pegbox: Pegbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = pegbox(*words, stack=stack)
    assert (outcome.code, outcome.out) == (1, "")
    assert said in outcome.err
