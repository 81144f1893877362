"""Where a job keeps its files on the worker's machine."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pegbox.errors import ConflictError

LOCK_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class JobFolder:
    """`<home>/jobs/<uid>`: two log files, and `work` with all that an attempt leaves for the next one."""

    home: Path
    uid: str
    model_id: str

    @property
    def root(self) -> Path:
        """The job's folder."""
        return self.home / "jobs" / self.uid

    @property
    def work(self) -> Path:
        """What attempts hand on to each other."""
        return self.root / "work"

    @property
    def stdout_log(self) -> Path:
        """What the trainer printed, over all attempts."""
        return self.root / "stdout.log"

    @property
    def stderr_log(self) -> Path:
        """Warnings and tracebacks, over all attempts."""
        return self.root / "stderr.log"

    @property
    def dataset(self) -> Path:
        """The rows, fetched from the backend once."""
        return self.work / "dataset.csv"

    @property
    def checkpoints(self) -> Path:
        """Resumable states."""
        return self.work / "checkpoints"

    @property
    def base_answers(self) -> Path:
        """The base model's answers, kept so that a later attempt can show them too."""
        return self.work / "base_answers.json"

    @property
    def result(self) -> Path:
        """The finished job's result; its presence means that the job is done."""
        return self.work / "result.json"

    @property
    def failure(self) -> Path:
        """Why the last attempt failed."""
        return self.work / "failure.json"

    @property
    def model(self) -> Path:
        """The finished model."""
        return self.home / "models" / self.model_id

    def create(self) -> None:
        """Makes the folders; nothing happens when they are there."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.model.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self, patience_seconds: float) -> Iterator[None]:
        """Holds the folder alone; an earlier attempt may still be saving. Raises ConflictError when it takes too long."""
        descriptor = os.open(self.work / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience_seconds
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise ConflictError(
                            "An earlier attempt of this job is still running on this machine."
                        ) from None
                    time.sleep(LOCK_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """The whole text, or nothing: a reader never sees half of it."""
    unfinished = path.with_name(f"{path.name}.partial")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(path)
