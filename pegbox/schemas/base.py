"""What every wire model shares: strict names, and instants as UTC with milliseconds and a `Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, StringConstraints


def utc_text(moment: datetime) -> str:
    """`2025-07-03T12:00:00.000Z`; a naive moment counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(utc_text, return_type=str, when_used="json")]
"""A moment; on the wire ISO 8601, UTC, milliseconds, `Z`."""


def _printable(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must not contain control characters")
    return value


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
"""A name people give: 1 to 200 characters after trimming, no control characters."""


class Wire(BaseModel):
    """Base of requests and responses: fields may be given by name or alias, unknown fields are ignored."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore", ser_json_inf_nan="null")
