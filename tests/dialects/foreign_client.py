"""The real clients of other trackers, each in a virtual environment of its own: what they need is not ours to install."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.stack import ROOT, wait_until

INSTALL_SECONDS = 800


def client_python(name: str) -> Path:
    """The interpreter of the environment with `requirements/<name>.txt`; made once, and again when that file has changed."""
    requirements = ROOT / "requirements" / f"{name}.txt"
    folder = Path(sys.prefix) / "foreign" / name
    folder.mkdir(parents=True, exist_ok=True)
    python, stamp = folder / "bin" / "python", folder / ".installed"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    with (folder.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes start together
        if not stamp.is_file() or stamp.read_text() != wanted:
            venv.create(folder, clear=True, with_pip=True, symlinks=True)
            pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
            answer = subprocess.run(
                [*pip, "-r", requirements], capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
            )
            assert answer.returncode == 0, f"cannot install {requirements.name}:\n{answer.stderr[-3000:]}"
            stamp.write_text(wanted)
    return python


class ForeignScript:
    """A training script in such an environment. It may `tell` the test something, and each `wait_for_us()` lasts until `go_on`."""

    WORDS = """
def tell(*what):
    print("told:", *what, flush=True)

def wait_for_us():
    print("waiting", flush=True)
    input()
"""

    def __init__(self, python: Path, text: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "script.out", folder / "script.err"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [python, "-c", self.WORDS + text],
                cwd=folder,
                env={**inherited, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), **(env or {})},
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
            )
        self._pauses = 0

    @property
    def told(self) -> list[str]:
        """What the script itself has said so far."""
        return [line[6:] for line in self._out.read_text().splitlines() if line.startswith("told: ")]

    @property
    def log(self) -> str:
        """All that it and its client have printed."""
        return self._out.read_text() + self._err.read_text()

    def wait_for_pause(self, seconds: float = 60) -> None:
        """Until it has reached its next `wait_for_us()`."""
        self._pauses += 1

        def reached() -> bool:
            assert self.process.poll() is None, f"the script ended:\n{self.log[-3000:]}"
            return self._out.read_text().count("waiting\n") >= self._pauses

        wait_until(reached, seconds=seconds, what=f"pause {self._pauses} of the script")

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def wait(self, seconds: float = 90) -> list[str]:
        """What it has told when it has ended well."""
        assert self.process.wait(timeout=seconds) == 0, self.log[-3000:]
        return self.told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
