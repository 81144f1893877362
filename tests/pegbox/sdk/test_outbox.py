"""The outbox file: appended lines are read in order, also after crashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbox.sdk.recording.outbox import COMPACT_AT_BYTES, Outbox, OutboxLockedError, outbox_files

HEADER = {"url": "http://127.0.0.1:8001", "run": {"id": "run-a"}}
LINES = st.lists(st.binary(min_size=1, max_size=200).filter(lambda line: b"\n" not in line), max_size=30)


def drain(outbox: Outbox) -> list[bytes]:
    lines = []
    while (line := outbox.next_line()) is not None:
        lines.append(line)
        outbox.acknowledge(line)
    return lines


def die(outbox: Outbox) -> None:
    """Simulates SIGKILL: descriptors are closed, files remain."""
    os.close(outbox._descriptor)


@given(lines=LINES, sent=st.integers(0, 30))
@settings(max_examples=30)
def test_lines_survive_the_death_of_their_writer(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], sent: int
) -> None:
    folder = tmp_path_factory.mktemp("outbox")
    outbox = Outbox.create(folder, "run-a", "w1", HEADER)
    for line in lines:
        outbox.append(line)
    for line in lines[:sent]:
        assert outbox.next_line() == line
        outbox.acknowledge(line)
    die(outbox)
    (path,) = outbox_files(folder)
    heir = Outbox.adopt(path)
    assert heir.header["run"] == {"id": "run-a"}
    remaining = drain(heir)
    assert (
        remaining[len(remaining) - len(lines[sent:]) :] == lines[sent:]
    )  # acknowledged lines may be read again, none is missing
    heir.close()
    assert not list(outbox_files(folder))


def test_a_living_owner_keeps_its_outbox(tmp_path: Path) -> None:
    outbox = Outbox.create(tmp_path, "run-a", "w1", HEADER)
    with pytest.raises(OutboxLockedError):
        Outbox.adopt(outbox.path)
    outbox.close()
    with pytest.raises(OutboxLockedError):
        Outbox.adopt(outbox.path)


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    outbox = Outbox.create(tmp_path, "run-a", "w1", HEADER)
    outbox.append(b"whole")
    path = outbox.path
    die(outbox)
    with path.open("ab") as handle:
        handle.write(b"half a li")
    heir = Outbox.adopt(path)
    assert drain(heir) == [b"whole"]
    heir.append(b"next")
    assert drain(heir) == [b"next"]


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"[]\n", b'{"outbox":2}\n', b'{"outbox":1'])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run-a-w.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"outbox|Expecting"):
        Outbox.adopt(path)
    assert path.read_bytes() == content


def test_acknowledged_lines_leave_the_disk(tmp_path: Path) -> None:
    outbox = Outbox.create(tmp_path, "run-a", "w1", HEADER)
    empty = outbox.path.stat().st_size
    line = b"x" * 10_000
    for _ in range(2 * COMPACT_AT_BYTES // len(line)):
        outbox.append(line)
        outbox.acknowledge(line)
    assert outbox.path.stat().st_size < empty + COMPACT_AT_BYTES + len(line) + 1
    outbox.compact()
    assert outbox.path.stat().st_size == empty
    outbox.append(b"more")
    assert drain(outbox) == [b"more"]


def test_what_the_monitor_refuses_is_set_aside(tmp_path: Path) -> None:
    outbox = Outbox.create(tmp_path, "run-a", "w1", HEADER)
    kept = outbox.set_aside(b"refused")
    outbox.close()
    assert kept.read_bytes() == b"refused\n"
    assert not list(outbox_files(tmp_path))
