"""Base class and shared field types of API models; times are UTC with milliseconds and a `Z`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, StringConstraints

MAX_JSON_DEPTH = 40


def utc_text(moment: datetime) -> str:
    """Formats a time as `2025-07-03T12:00:00.000Z`; a naive time counts as UTC."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


Instant = Annotated[datetime, PlainSerializer(utc_text, return_type=str, when_used="json")]
"""A time; in JSON ISO 8601, UTC, milliseconds, `Z`."""


def _printable(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must not contain control characters")
    return value


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
"""A name given by users: 1 to 200 characters after trimming, no control characters."""


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL characters")
    return value


Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_no_nul)]
"""Multi-line text: up to 20,000 characters."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_printable)]
"""One line of text, possibly empty: up to 500 characters."""

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)]
"""A tag: a word or phrase of up to 100 characters."""


def _storable(value: Any, depth: int = 0) -> Any:
    """Rejects JSON that some databases or parsers refuse: NaN, lone surrogates, NUL, deep nesting."""
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"must not be nested deeper than {MAX_JSON_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not contain NaN or Infinity")
    if isinstance(value, str):
        if "\0" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value):
            raise ValueError("must not contain NUL characters or lone surrogates")
    elif isinstance(value, dict):
        for key, item in value.items():
            _storable(key, depth + 1)
            _storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _storable(item, depth + 1)
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
"""A free-form JSON object that can be stored and returned unchanged."""


class Wire(BaseModel):
    """Base of request and response models: accepts fields by name or alias, ignores unknown fields."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore", ser_json_inf_nan="null")


class Done(Wire):
    """The response of a change without further data."""

    success: bool = True
    message: str = ""


def kind_of(value: Any) -> str:
    """Returns the discriminator `kind` of a union member; `finetune` by default."""
    found = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return str(found or "finetune")
