"""Answers of finished models, from a process of its own: it starts with the first question and leaves when nobody asks."""

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
MOST_WAITING = 8
LINE_BYTES = 1024 * 1024


class Answers:
    """One question at a time; others wait their turn. Belongs to the event loop."""

    def __init__(self, *, answer_seconds: float = ANSWER_SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._answer_seconds = answer_seconds
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._asking = 0
        self._process: Process | None = None
        self._farewell: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ask(self, model: str, folder: Path, body: QuestionCreate) -> QuestionAnswer:
        """Raises TooManyRequestsError for one question too many, UnavailableError when the process breaks or takes too long."""
        if self._asking >= MOST_WAITING:
            raise TooManyRequestsError(f"{self._asking} questions are waiting already", retry_after_seconds=5)
        self._asking += 1
        try:
            async with self._turn:
                line = await self._exchange(QuestionLine(folder=folder, **body.model_dump()))
        finally:
            self._asking -= 1
        if line.error:
            raise BY_STATUS.get(line.status, PegboxError)(line.error)
        return QuestionAnswer(
            model=model, question=body.question, answer=line.answer, tokens=line.tokens, seconds=line.seconds
        )

    async def close(self) -> None:
        """Ends the process with everything it started."""
        if self._farewell:
            self._farewell.cancel()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _exchange(self, question: QuestionLine) -> AnswerLine:
        if self._farewell:
            self._farewell.cancel()
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._answer_seconds):
                process.stdin.write(question.model_dump_json().encode() + b"\n")
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except (TimeoutError, asyncio.CancelledError, ConnectionError, ValueError) as error:
            await self.close()  # whatever it still says would be taken for the next answer
            if isinstance(error, asyncio.CancelledError):
                raise
            raise UnavailableError(f"The model did not answer within {self._answer_seconds:.0f} s") from error
        if not answer:
            code = await process.wait()
            raise UnavailableError(f"The process that loads the model ended at once (exit code {code})")
        self._farewell = asyncio.get_running_loop().call_later(self._idle_seconds, self._leave)
        return AnswerLine.model_validate_json(answer)

    async def _running(self) -> Process:
        if self._process and self._process.stdin and self._process.stdin.is_closing():
            await self.close()  # it is about to leave
        if self._process is None or self._process.returncode is not None:
            command = [sys.executable, "-m", MODULE]
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=LINE_BYTES, start_new_session=True
            )
        return self._process

    def _leave(self) -> None:
        """Its input ends, and so does it."""
        if self._process and self._process.stdin and not self._turn.locked():
            self._process.stdin.close()


def find_folder(engine: Engine, key: str) -> Path:
    """Where the files of a model lie. Raises NotFoundError, or ConflictError for one that has none on this machine."""
    with open_session(engine) as db:
        model = get_model(db, key)
    folder = Path(str(model.extra.get("merged_path") or model.location))
    if model.source != "local" or not folder.is_dir():
        raise ConflictError(f"{model.id} has no files on this machine; only finished models and folders can be asked.")
    return folder
