"""The folder of a job on the worker's machine."""

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
    """`<home>/jobs/<uid>`: two log files, and the folder `work` with the files that attempts of the job share."""

    home: Path
    uid: str
    model_id: str

    @property
    def root(self) -> Path:
        """The folder itself."""
        return self.home / "jobs" / self.uid

    @property
    def work(self) -> Path:
        """Files that later attempts reuse."""
        return self.root / "work"

    @property
    def stdout_log(self) -> Path:
        """Standard output of all attempts."""
        return self.root / "stdout.log"

    @property
    def stderr_log(self) -> Path:
        """Standard error of all attempts: warnings and tracebacks."""
        return self.root / "stderr.log"

    @property
    def dataset(self) -> Path:
        """The dataset file, downloaded from the backend once."""
        return self.work / "dataset.csv"

    @property
    def checkpoints(self) -> Path:
        """One folder per checkpoint."""
        return self.work / "checkpoints"

    @property
    def base_answers(self) -> Path:
        """The base model's answers to the validation prompts, for the results of later attempts."""
        return self.work / "base_answers.json"

    @property
    def result(self) -> Path:
        """The result. The file exists only when the training is finished."""
        return self.work / "result.json"

    @property
    def failure(self) -> Path:
        """Why the last attempt failed."""
        return self.work / "failure.json"

    @property
    def model(self) -> Path:
        """The folder of the fine-tuned model."""
        return self.home / "models" / self.model_id

    def create(self) -> None:
        """Creates the folders that do not exist yet."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.model.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self, timeout_seconds: float) -> Iterator[None]:
        """Holds the folder's lock; an earlier attempt may still be saving. Raises `ConflictError` after `timeout_seconds`."""
        descriptor = os.open(self.work / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + timeout_seconds
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
    """Writes the file through a partial file, so that a reader sees the old content or the new, never a part of it."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)
