"""Questions to fine-tuned models, and answers."""

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
    """An answer, decoded greedily and therefore deterministic. `seconds` excludes loading the model."""

    model: str
    question: str
    answer: str
    tokens: int
    seconds: float


class QuestionLine(QuestionCreate):
    """A request line to the inference process."""

    folder: Path


class AnswerLine(Wire):
    """A response line of the inference process: an answer, or `error` with its HTTP status."""

    answer: str = ""
    tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    status: int = 200
