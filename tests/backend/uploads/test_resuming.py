"""An upload outlives the backend: killed in the middle, what was acknowledged is there, and the file ends whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from pegbox.errors import UnreachableError
from pegbox.sdk.client import Client
from tests.stack import Stack, http

MIB = 1024 * 1024
SIZE = 64 * MIB
ALLOWED_GROWTH = 150 * MIB
KILLED_AT = 24 * MIB


@pytest.fixture
def backend(home: Path) -> Iterator[Stack]:
    stack = Stack(home)
    try:
        stack.start("backend")
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A CSV of 64 MiB."""
    path = tmp_path / "large.csv"
    row = b"Question %d of many that are asked,%s\n"
    with path.open("wb") as file:
        file.write(b"input,output\n")
        number = 0
        while file.tell() < SIZE:
            file.write(b"".join(row % (n, b"Answer %d " % n * 20) for n in range(number, number + 10_000)))
            number += 10_000
    return path


def memory(stack: Stack, field: str) -> int:
    status = Path(f"/proc/{stack.processes['backend'].pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(f"{field}:")).split()[1]) * 1024


@pytest.mark.slow
def test_a_killed_backend_costs_a_piece_at_most(backend: Stack, large: Path) -> None:
    """The client waits for the backend by itself; memory stays flat while it receives, hashes and checks."""
    killed: list[int] = []
    idle: list[int] = []

    def kill(sent: int, _size: int) -> None:
        if sent >= KILLED_AT and not killed:
            killed.append(sent)
            backend.kill("backend")
            backend.start("backend")
            idle.append(memory(backend, "VmRSS"))

    with Client(backend.backend_url) as client:
        record = client.datasets.add(large, name="Large", progress=kill)
        digest = hashlib.md5(large.read_bytes()).hexdigest()
        assert (record["hash"], record["size_bytes"]) == (digest, large.stat().st_size)
        target = client.datasets.download("large", large.with_name("copy.csv"))
    assert hashlib.md5(target.read_bytes()).hexdigest() == digest
    assert memory(backend, "VmHWM") - idle[0] < ALLOWED_GROWTH
    assert not list((backend.home / "uploads").iterdir())


def test_a_piece_that_breaks_off_counts_as_far_as_it_came(backend: Stack) -> None:
    content = bytes(range(256)) * 4096 * 4  # 4 MiB
    upload = http.post(f"{backend.backend_url}/api/uploads", json={"name": "x.csv", "size": len(content)}).json()["id"]
    url = f"{backend.backend_url}/api/uploads/{upload}"

    def broken() -> Iterator[bytes]:
        yield content[: 2 * MIB]
        raise ConnectionAbortedError

    headers = {"Upload-Offset": "0", "Content-Length": str(len(content))}
    with pytest.raises((ConnectionAbortedError, httpx2.HTTPError)):
        http.patch(url, content=broken(), headers=headers)
    # The lock goes with the broken request; until then the offset is asked for again, as a client does.
    for _ in range(300):
        offset = http.get(url).json()["offset"]
        answer = http.patch(url, content=content[offset:], headers={"Upload-Offset": str(offset)})
        if answer.status_code == 204:
            break
        assert answer.status_code == 409, answer.text
        threading.Event().wait(0.2)
    assert http.post(f"{url}/finish").json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_what_was_not_acknowledged_is_cut_off(backend: Stack, home: Path) -> None:
    """As after a power cut in the middle of a piece: the file may be longer than what was acknowledged, and hold anything."""
    upload = http.post(f"{backend.backend_url}/api/uploads", json={"name": "x.csv", "size": 6}).json()["id"]
    url = f"{backend.backend_url}/api/uploads/{upload}"
    assert http.patch(url, content=b"abc", headers={"Upload-Offset": "0"}).status_code == 204
    backend.kill("backend")
    with (home / "uploads" / upload).open("ab") as file:
        file.write(b"\0" * 1000)
    backend.start("backend")
    assert http.get(url).json()["offset"] == 3
    assert http.patch(url, content=b"def", headers={"Upload-Offset": "3"}).status_code == 204
    assert http.post(f"{url}/finish").json()["md5"] == hashlib.md5(b"abcdef").hexdigest()


def test_a_client_gives_up_and_resumes_later(backend: Stack, large: Path) -> None:
    upload: dict[str, str] = {}

    def stop(sent: int, _size: int) -> None:
        if sent >= KILLED_AT and "backend" in backend.processes:
            upload["id"] = next((backend.home / "uploads").iterdir()).name
            backend.kill("backend")

    with Client(backend.backend_url) as client, pytest.raises(UnreachableError):
        client.uploads.send(large, progress=stop, patience_seconds=0.5)
    backend.start("backend")
    offsets: list[int] = []
    with Client(backend.backend_url) as client:
        found = client.uploads.send(large, resume=upload["id"], progress=lambda sent, _size: offsets.append(sent))
    assert offsets[0] >= KILLED_AT
    assert found["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
