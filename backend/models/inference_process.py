"""Runs finished models in a child process, which starts with the first question and stops when idle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from sqlalchemy import Engine

from backend.models.service import get_model
from pegbox.errors import BY_STATUS, ConflictError, PegboxError, TooManyRequestsError, UnavailableError
from pegbox.schemas.question import AnswerLine, QuestionAnswer, QuestionCreate, QuestionLine
from pegbox.store.database import open_session

MODULE = "pegbox.inference.process"
ANSWER_SECONDS = 300.0
IDLE_SECONDS = 120.0
MAX_WAITING = 8
LINE_BYTES = 1024 * 1024


class InferenceProcess:
    """Answers one question at a time; others wait. Not thread-safe: use it on the event loop."""

    def __init__(self, *, answer_seconds: float = ANSWER_SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._idle_seconds = idle_seconds
        self._lock = asyncio.Lock()
        self._pending = 0
        self._process: Process | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """Process id, while the process runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ask(self, model: str, folder: Path, body: QuestionCreate) -> QuestionAnswer:
        """Raises `TooManyRequestsError` when the queue is full, `UnavailableError` when the process fails or times out."""
        if self._pending >= MAX_WAITING:
            raise TooManyRequestsError(f"{self._pending} questions are waiting already", retry_after_seconds=5)
        self._pending += 1
        try:
            async with self._lock:
                line = await self._exchange(QuestionLine(folder=folder, **body.model_dump()))
        finally:
            self._pending -= 1
        if line.error:
            raise BY_STATUS.get(line.status, PegboxError)(line.error)
        return QuestionAnswer(
            model=model, question=body.question, answer=line.answer, tokens=line.tokens, seconds=line.seconds
        )

    async def close(self) -> None:
        """Kills the process and its children."""
        if self._idle_timer:
            self._idle_timer.cancel()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _exchange(self, question: QuestionLine) -> AnswerLine:
        if self._idle_timer:
            self._idle_timer.cancel()
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._answer_seconds):
                process.stdin.write(question.model_dump_json().encode() + b"\n")
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except (TimeoutError, asyncio.CancelledError, ConnectionError, ValueError) as error:
            await self.close()  # late output would be read as the next answer
            if isinstance(error, asyncio.CancelledError):
                raise
            raise UnavailableError(f"The model did not answer within {self._answer_seconds:.0f} s") from error
        if not answer:
            code = await process.wait()
            raise UnavailableError(f"The process that loads the model ended at once (exit code {code})")
        self._idle_timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._stop_idle)
        return AnswerLine.model_validate_json(answer)

    async def _running(self) -> Process:
        if self._process and self._process.stdin and self._process.stdin.is_closing():
            await self.close()  # the process is stopping
        if self._process is None or self._process.returncode is not None:
            command = [sys.executable, "-m", MODULE]
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=LINE_BYTES, start_new_session=True
            )
        return self._process

    def _stop_idle(self) -> None:
        """Closes stdin, which stops the process."""
        if self._process and self._process.stdin and not self._lock.locked():
            self._process.stdin.close()


def find_folder(engine: Engine, key: str) -> Path:
    """The folder of a model. Raises `NotFoundError`, `ConflictError` for a model without files on this machine."""
    with open_session(engine) as db:
        model = get_model(db, key)
    folder = Path(str(model.extra.get("merged_path") or model.location))
    if model.source != "local" or not folder.is_dir():
        raise ConflictError(f"{model.id} has no files on this machine; only finished models and folders can be asked.")
    return folder
