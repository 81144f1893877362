"""A real server keeps its memory flat while huge files arrive, refuses them in time, and goes on answering meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.stack import Stack, http, wait_until

MIB = 1024 * 1024
LIMIT = 52_428_800
ALLOWED_GROWTH = 200 * MIB

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\nContent-Type: text/csv\r\n\r\n'
TAIL = b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A backend process that has already seen a small upload, so that its idle memory is that of a service at work."""
    home = tmp_path_factory.mktemp("memory") / "home"
    home.mkdir()
    stack = Stack(home)
    try:
        stack.start("backend")
        small = http.post(f"{stack.backend_url}/api/preview-csv", files={"file": ("a.csv", b"input,output\nq,a\n")})
        assert small.status_code == 200
        yield stack
    finally:
        stack.stop()


def form(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield HEAD
    yield from chunks
    yield TAIL


def rows(size: int) -> Iterator[bytes]:
    """A valid CSV of exactly `size` bytes."""
    header = b"input,output\n"
    yield header
    left, number = size - len(header), 0
    while left:
        block = b"".join(b'"Question %d, asked?","Answer %d"\n' % (n, n) for n in range(number, number + 20_000))
        if len(block) >= left:
            block = block[: left - 4] + b'x"\n\n' if left > 4 else b"\n" * left
            cut = block.rfind(b"\n", 0, len(block) - 4)
            block = block[: cut + 1] + b"\n" * (left - cut - 1)
        yield block
        left, number = left - len(block), number + 20_000


def memory(stack: Stack, field: str) -> int:
    """Bytes of resident memory now (`VmRSS`) or at its highest (`VmHWM`)."""
    status = Path(f"/proc/{stack.processes['backend'].pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def growth_during(stack: Stack, action: Callable[[], httpx2.Response]) -> tuple[httpx2.Response, int]:
    """The answer, and how far resident memory rose above what it was before, at its highest moment."""
    idle = memory(stack, "VmRSS")
    Path(f"/proc/{stack.processes['backend'].pid}/clear_refs").write_text("5")  # forget the highest mark
    answer = action()
    return answer, memory(stack, "VmHWM") - idle


def post(stack: Stack, chunks: Iterator[bytes], size: int | None = None) -> httpx2.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if size is not None:
        headers["Content-Length"] = str(len(HEAD) + size + len(TAIL))
    return http.post(f"{stack.backend_url}/api/preview-csv", content=form(chunks), headers=headers, timeout=120)


@pytest.mark.slow
def test_the_largest_allowed_file_is_previewed_in_little_memory(backend: Stack) -> None:
    answered = [0]
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            http.get(f"{backend.backend_url}/", timeout=30).raise_for_status()
            answered[0] += 1

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        answer, growth = growth_during(backend, lambda: post(backend, rows(LIMIT), LIMIT))
    finally:
        done.set()
        asking.join()
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json()["statistics"]["size_bytes"] == LIMIT
    assert answer.json()["statistics"]["usable_rows"] > 1_000_000
    assert growth < ALLOWED_GROWTH, f"{growth / MIB:.0f} MiB above idle"
    assert answered[0] > 10, "the upload kept other requests waiting"


@pytest.mark.slow
@pytest.mark.parametrize("declared", [True, False])
def test_a_gigabyte_of_quotes_is_refused_in_little_memory(backend: Stack, declared: bool) -> None:
    size = 1024 * MIB
    quotes = b'"' * MIB
    answer, growth = growth_during(
        backend, lambda: post(backend, (quotes for _ in range(1024)), size if declared else None)
    )
    assert answer.status_code == 413
    assert answer.json()["detail"] == f"File size exceeds maximum allowed size of {LIMIT} bytes"
    assert growth < ALLOWED_GROWTH, f"{growth / MIB:.0f} MiB above idle"
    assert not list(backend.home.glob("datasets/.incoming-*"))


def test_one_byte_too_many_is_refused(backend: Stack) -> None:
    assert post(backend, rows(LIMIT + 1), LIMIT + 1).status_code == 413


def test_fifty_megabytes_of_quotes_are_refused_as_csv(backend: Stack) -> None:
    answer, growth = growth_during(backend, lambda: post(backend, (b'"' * MIB for _ in range(50)), LIMIT))
    assert answer.status_code == 400
    assert "Failed to parse CSV file" in answer.json()["detail"]
    assert growth < ALLOWED_GROWTH


def test_a_client_that_hangs_up_leaves_nothing_behind(backend: Stack) -> None:
    def broken() -> Iterator[bytes]:
        yield b"input,output\n" + b"q,a\n" * 500_000
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        post(backend, broken(), 10 * MIB)
    wait_until(lambda: not list(backend.home.glob("datasets/.incoming-*")), what="the end of the broken upload")
    assert "Traceback" not in backend.output("backend")
