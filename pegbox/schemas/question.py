"""A question to a finished model, and its answer."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pegbox.schemas.base import Wire

MAX_ANSWER_TOKENS = 2048


class QuestionCreate(Wire):
    """Body of `POST /api/models/{id}/ask`."""

    question: str = Field(min_length=1, max_length=20_000)
    max_new_tokens: int = Field(256, ge=1, le=MAX_ANSWER_TOKENS, description="Longest answer, in tokens.")


class QuestionAnswer(Wire):
    """`seconds` is what the answer took, a first loading of the model left out; greedy, so the same each time."""

    model: str
    question: str
    answer: str
    tokens: int
    seconds: float


class QuestionLine(QuestionCreate):
    """One line to the process that answers."""

    folder: Path


class AnswerLine(Wire):
    """One line back: an answer, or `error` with the HTTP status that it means."""

    answer: str = ""
    tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    status: int = 200
