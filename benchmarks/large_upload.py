"""A dataset of gigabytes sent in pieces, the backend killed in the middle: does it resume, is it whole, what memory does it take?

Usage: python benchmarks/large_upload.py [--gigabytes 10] [--kills 1] [--versions-gigabytes 1]

Claims: what was acknowledged survives kill -9; the hash of the dataset is that of the file (and DVC's: its MD5); the backend's
memory stays within 150 MiB of what it takes idle, while it receives, hashes and checks the rows; of a second version with one
changed file only that file is stored. Needs about 2.5 times the size on the disk; all of it is deleted at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

from pegbox.sdk.client import Client
from tests.stack import Stack

MIB, GIB = 2**20, 2**30
ALLOWED_GROWTH = 150 * MIB
BLOCK_ROWS = 20_000
PARTS = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--versions-gigabytes", type=float, default=1)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        stack = Stack(home)
        try:
            stack.start("backend")
            ok = upload(stack, Path(name), int(options.gigabytes * GIB), options.kills)
            if options.versions_gigabytes:
                ok = versions(stack, Path(name), int(options.versions_gigabytes * GIB)) and ok
        finally:
            stack.stop()
    return 0 if ok else 1


def upload(stack: Stack, folder: Path, size: int, kills: int) -> bool:
    path = folder / "large.csv"
    sha256, md5 = write_rows(path, size)
    size = path.stat().st_size
    with Client(stack.backend_url) as client:
        client.datasets.list()
        idle = memory(stack)
        watch = Watch(stack)
        due = [size * (number + 1) // (kills + 1) for number in range(kills)]
        killed: list[int] = []

        def kill_on_the_way(sent: int, _size: int) -> None:
            if due and sent >= due[0]:
                due.pop(0)
                killed.append(sent)
                with watch.paused():
                    stack.kill("backend")
                    stack.start("backend")

        began = time.monotonic()
        found = client.uploads.send(path, progress=kill_on_the_way)
        sent_seconds = time.monotonic() - began
        record = client.datasets.register(found["id"], name="Large")
        seconds = time.monotonic() - began
        growth = watch.stop() - idle
    rate = size / MIB / sent_seconds
    print(
        f"{size / GIB:.2f} GiB in pieces: {sent_seconds:.0f} s with hashing ({rate:.0f} MiB/s), {seconds:.0f} s with the check"
    )
    print(f"killed after {', '.join(f'{sent / GIB:.2f} GiB' for sent in killed) or 'never'}; {record['rows']:,} rows")
    is_whole = (found["sha256"], found["md5"], record["hash"]) == (sha256, md5, md5)
    print(f"hashes {'are' if is_whole else 'are NOT'} those of the file")
    print(f"memory: {idle / MIB:.0f} MiB idle, {growth / MIB:+.0f} MiB at most (allowed {ALLOWED_GROWTH / MIB:.0f})")
    path.unlink()
    with Client(stack.backend_url) as client:
        client.datasets.remove("large")
    return is_whole and growth <= ALLOWED_GROWTH and len(killed) == kills


def versions(stack: Stack, folder: Path, size: int) -> bool:
    store = stack.home / "datasets"
    first, second = folder / "first.zip", folder / "second.zip"
    changed = write_archives(first, second, size)
    with Client(stack.backend_url, "") as client:
        one = client.datasets.add(first, name="Versioned")
        before = disk_usage(store)
        began = time.monotonic()
        two = client.datasets.add_version("versioned", second, message="one file changed")
        seconds = time.monotonic() - began
        grown = disk_usage(store) - before
        rolled = client.datasets.roll_back("versioned", "v1.0.0")
        copied = disk_usage(store) - before - grown
    print(
        f"{before / GIB:.2f} GiB in {PARTS} files; the second version took {seconds:.0f} s and stored {grown / MIB:.1f} MiB more"
    )
    print(f"one file has {changed / MIB:.1f} MiB; going back stored {copied} bytes")
    return grown == changed and copied == 0 and rolled["hash"] == one["hash"] != two["hash"]


def write_rows(path: Path, size: int) -> tuple[str, str]:
    """A CSV of about that size; its hashes."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    number = 0
    with path.open("wb") as file:
        block = b"input,output\n"
        while file.tell() < size:
            for digest in (sha256, md5):
                digest.update(block)
            file.write(block)
            rows = range(number, number + BLOCK_ROWS)
            block = b"".join(b"Question %d of many that are asked,%s\n" % (n, b"Answer %d " % n * 20) for n in rows)
            number += BLOCK_ROWS
    return sha256.hexdigest(), md5.hexdigest()


def write_archives(first: Path, second: Path, size: int) -> int:
    """Two archives of the same files but for one; the size of that one."""
    changed = 0
    row = b"Question %d of part %d,Answer %d " + b"and so on " * 20 + b"\n"
    with zipfile.ZipFile(first, "w") as one, zipfile.ZipFile(second, "w") as two:
        for part in range(PARTS):
            rows = size // PARTS // 240
            content = b"input,output\n" + b"".join(row % (n, part, n) for n in range(rows))
            one.writestr(f"part-{part:03}.csv", content)
            if part == PARTS // 2:
                content += b"one,more\n"
                changed = len(content)
            two.writestr(f"part-{part:03}.csv", content)
    return changed


def disk_usage(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.csv"))


def memory(stack: Stack) -> int:
    """Resident bytes of the backend."""
    status = Path(f"/proc/{stack.processes['backend'].pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) * 1024


class Watch:
    """The highest memory of the backend, looked at ten times a second."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._highest = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def paused(self) -> threading.Lock:
        """While it is held nobody looks."""
        return self._lock

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._highest

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            with self._lock:
                self._highest = max(self._highest, memory(self._stack))


if __name__ == "__main__":
    sys.exit(main())
