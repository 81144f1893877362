"""Damaged files give points, or an error with file and position, whatever bytes they hold."""

from __future__ import annotations

import math
import sqlite3
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegbox.errors import NotFoundError, UnusableContentError
from pegbox.importers.detect import find_runs
from pegbox.importers.formats.crc32c import crc32c, masked_crc32c
from pegbox.importers.formats.leveldb_log import records as wandb_records
from pegbox.importers.formats.protobuf import fields, signed
from pegbox.importers.formats.tfrecord import records as event_records
from pegbox.importers.sources import SourceRecord, SourceRun
from pegbox.importers.tensorboard import read_run
from tests.pegbox.importers.conftest import FOREIGN_RUNS
from tests.pegbox.importers.written import event_file, field, leveldb_log, scalar_event, tfrecord, varint

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

SOURCES = {
    "tensorboard": ("tensorboard/second/events.out.tfevents*", "events.out.tfevents.1"),
    "wandb": ("wandb/wandb/*-secondrun/*.wandb", "run-1.wandb"),
    "trackio": ("trackio/digits.db", "digits.db"),
    "aspara": ("aspara/digits/lines.jsonl", "lines.jsonl"),
    "aspara archive": ("aspara/digits/open_archive/*/*.parquet", "open_archive/date=2026-01-01/0.parquet"),
}


def read(path: Path) -> list[SourceRecord]:
    """All records of a file. Checks that entries are well-formed; only errors of Pegbox are raised."""
    placed = []
    for run in find_runs(path):
        if isinstance(run, UnusableContentError):
            raise run
        for stream in run.streams:
            last = 0
            for item in stream.read(0):
                assert item.position > last
                last = item.position
                placed.append(item)
        assert len(run.left_out) < 50
    for item in placed:
        for entry in item.entries:
            if isinstance(entry, tuple):
                assert isinstance(entry[0], int)
                assert abs(entry[0]) <= 2**53
                assert 0 <= entry[1] <= 1e11
                assert all(isinstance(value, float) and len(name) <= 200 for name, value in entry[2].items())
    return placed


def complaint_of(path: Path) -> str:
    """The error of a file, else its name."""
    try:
        read(path)
    except (UnusableContentError, NotFoundError) as error:
        return error.message
    return str(path)


def place(folder: Path, source: str, content: bytes) -> Path:
    """Writes a file of a format with the content and returns the path to import."""
    file = folder / SOURCES[source][1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if source == "aspara archive":
        (folder / "open.meta.json").write_text("{}")
        return folder
    return file


def real(source: str) -> bytes:
    (file,) = FOREIGN_RUNS.glob(SOURCES[source][0])
    return file.read_bytes()


@pytest.mark.parametrize("source", SOURCES)
@shared_folder
@given(content=st.binary(max_size=300))
def test_random_bytes(source: str, tmp_path: Path, content: bytes) -> None:
    assert str(tmp_path) in complaint_of(place(tmp_path / source, source, content))


@pytest.mark.parametrize("source", SOURCES)
@shared_folder
@given(data=st.data())
def test_flipped_bytes(source: str, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(real(source))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] ^= data.draw(st.integers(1, 255))
    assert str(tmp_path) in complaint_of(place(tmp_path / source, source, bytes(content)))


@pytest.mark.parametrize("source", ["tensorboard", "wandb", "aspara"])
@shared_folder
@given(data=st.data())
def test_a_file_cut_anywhere_is_read_up_to_there(source: str, tmp_path: Path, data: st.DataObject) -> None:
    content = real(source)
    kept = data.draw(st.integers(30, len(content)))

    whole = read(place(tmp_path / source, source, content))
    part = read(place(tmp_path / source, source, content[:kept]))

    assert len(part) <= len(whole)
    # Values logged one by one are combined, so the last point of the part may be incomplete.
    assert str(part[:-1]) == str(whole[: max(len(part) - 1, 0)])


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_event_records_are_read_back(tmp_path_factory: pytest.TempPathFactory, written: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("records") / "events"
    path.write_bytes(b"".join(tfrecord(data) for data in written))
    with path.open("rb") as file:
        assert [data for _, data in event_records(file, path)] == written


@given(st.lists(st.one_of(st.binary(max_size=200), st.integers(30_000, 100_000).map(bytes)), max_size=5))
def test_wandb_records_are_read_back(tmp_path_factory: pytest.TempPathFactory, written: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("records") / "run.wandb"
    path.write_bytes(leveldb_log(written))
    with path.open("rb") as file:
        found = list(wandb_records(file, path))
    assert [data for _, data in found] == written
    assert not found or found[-1][0] == path.stat().st_size


@given(
    st.lists(st.tuples(st.integers(1, 2**29 - 1), st.one_of(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=50))))
)
def test_fields_are_read_back(written: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(field(number, value) for number, value in written)
    found = [(number, signed(value) if isinstance(value, int) else value) for number, value in fields(message)]
    assert found == written


@given(
    st.lists(
        st.tuples(st.integers(0, 2**53), st.text(st.characters(codec="utf-8"), min_size=1), st.floats(width=32)),
        max_size=5,
    )
)
def test_scalars_are_read_back(tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, str, float]]) -> None:
    names = [(step, f"{number}{tag}", value) for number, (step, tag, value) in enumerate(written)]
    file = event_file(tmp_path_factory.mktemp("scalars") / "run", (scalar_event(*point) for point in names))
    run = read_run(file.parent, file.parent, [file])

    points = [entry for item in run.streams[0].read(0) for entry in item.entries if isinstance(entry, tuple)]

    found = [(step, name, value) for step, _, values in points for name, value in values.items()]
    assert [(step, name, repr(value)) for step, name, value in found] == [
        (step, tag[:200], repr(value)) for step, tag, value in names
    ]


def test_checksums_are_those_of_the_standard() -> None:
    """RFC 3720, appendix B.4."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283


ABSURD = 2**62


def huge_record(claimed: int) -> bytes:
    length = struct.pack("<Q", claimed)
    return length + struct.pack("<I", masked_crc32c(length)) + b"x" * 100


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("tensorboard", scalar_event(1, "x", 1.0) + huge_record(ABSURD)),
        ("tensorboard", scalar_event(1, "x", 1.0) + huge_record(2**40)),
        (
            "wandb",
            leveldb_log([field(17, field(1, "id")), field(2, field(1, field(1, "x") + field(16, "1")))]) + b"\xff" * 6,
        ),
        ("aspara", b'{"metrics": {"x": 1.0}, "step": 1}\n' + b'{"metrics": {"x": '),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_stands_before_a_torn_end_is_read(tmp_path: Path, source: str, content: bytes) -> None:
    (item,) = read(place(tmp_path, source, content))
    ((step, _, values),) = item.entries  # type: ignore[misc]
    assert (step, values) == (step, {"x": 1.0})


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        ("tensorboard", scalar_event(1, "x", 1.0) + b"\0" * 40, "byte 39: no record of an event file begins here"),
        ("tensorboard", scalar_event(1, "x", 1.0)[:-1] + b"?", "byte 0: the record does not fit its checksum"),
        ("tensorboard", tfrecord(b"\xff" * 30), "byte 0: a message has a number of more than ten bytes"),
        (
            "tensorboard",
            tfrecord(field(5, field(1, varint(2 << 3 | 5) + b"12"))),
            "byte 0: a message ends within a field",
        ),
        (
            "wandb",
            b":W&B\xe1\xbe\x07" + bytes(40),
            "byte 0: this is no W&B file, or one of a version that is not known",
        ),
        ("wandb", leveldb_log([b"x"])[:-1] + b"?", "byte 7: the record does not fit its checksum"),
        ("aspara", b"[1]\n", "byte 0: a line without metrics"),
        ("aspara", b'{"metrics": {"x": ' + b"[" * 100_000 + b"\n", "byte 0: a line that is no JSON"),
        ("aspara archive", b"PAR1nothing of the kindPAR1", "byte 0: Parquet that cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damage_is_named_with_its_place(tmp_path: Path, source: str, content: bytes, said: str) -> None:
    with pytest.raises(UnusableContentError) as caught:
        read(place(tmp_path, source, content))
    assert said in caught.value.message
    assert str(tmp_path) in caught.value.message


def test_a_damaged_table_names_its_row(tmp_path: Path) -> None:
    path = place(tmp_path, "trackio", real("trackio"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE metrics SET metrics = '{' WHERE id = 7")
    database.close()
    with pytest.raises(UnusableContentError, match=r"digits.db, table metrics, row 7: this is no JSON"):
        read(path)


def test_a_view_in_the_place_of_a_table_is_not_computed(tmp_path: Path) -> None:
    path = tmp_path / "endless.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW metrics AS WITH RECURSIVE endless(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM endless) "
            "SELECT id, '' AS timestamp, '' AS run_name, 0 AS step, '{}' AS metrics FROM endless"
        )
    database.close()
    with pytest.raises(NotFoundError, match="holds nothing to import"):
        read(path)


def test_values_that_no_run_can_hold_are_left_out(tmp_path: Path) -> None:
    events = [scalar_event(2**60, "x", 1.0), scalar_event(3, "x", math.nan), scalar_event(-5, "x", 2.0)]
    file = event_file(tmp_path / "run", events)
    run = read_run(file.parent, file.parent, [file])

    steps = [entry[0] for item in run.streams[0].read(0) for entry in item.entries if isinstance(entry, tuple)]

    assert steps == [3, -5]
    assert run.left_out == {"step beyond 2^53": 1}


@pytest.mark.parametrize("source", ["tensorboard", "wandb", "trackio", "aspara"])
def test_long_files_are_read_in_little_memory(tmp_path: Path, source: str) -> None:
    path = WRITERS[source](tmp_path)
    size = path.stat().st_size
    assert size > 4 << 20
    (run,) = [run for run in find_runs(path) if isinstance(run, SourceRun)]
    tracemalloc.start()
    try:
        count = sum(1 for stream in run.streams for _ in stream.read(0))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == ROWS
    assert most < 2 << 20


ROWS, FILLING = 1_200, "x" * 4_000


def long_event_file(folder: Path) -> Path:
    graph = field(4, FILLING)
    return event_file(folder, (tfrecord(field(2, step) + graph) + scalar_event(step, "x", 1.0) for step in range(ROWS)))


def long_wandb(folder: Path) -> Path:
    path = folder / "run-long.wandb"
    record = field(2, field(1, field(1, "x") + field(16, "1")) + field(1, field(1, "y") + field(16, f'"{FILLING}"')))
    path.write_bytes(leveldb_log([field(17, field(1, "long")), *[record] * ROWS]))
    return path


def long_table(folder: Path) -> Path:
    path = place(folder, "trackio", real("trackio"))
    with sqlite3.connect(path) as database:
        for table in ("metrics", "configs", "alerts", "system_metrics"):
            database.execute(f"DELETE FROM {table}")
        row: Any = ("one", "2026-01-01T00:00:00+00:00", "one", 1, f'{{"x": 1.0, "y": "{FILLING}"}}')
        database.executemany(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)", [row] * ROWS
        )
    database.close()
    return path


def long_lines(folder: Path) -> Path:
    path = folder / "long.jsonl"
    path.write_text(f'{{"metrics": {{"x": 1.0, "y": "{FILLING}"}}, "step": 1}}\n' * ROWS)
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "tensorboard": long_event_file,
    "wandb": long_wandb,
    "trackio": long_table,
    "aspara": long_lines,
}
