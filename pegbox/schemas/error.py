"""The error body of both services."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pegbox.schemas.base import Wire


class ErrorBody(Wire):
    """An error, with the field names of both published APIs: `detail` = `message`, `status_code` = `status`."""

    detail: str = Field(description="What is wrong, where, and what to do.")
    status_code: int
    error_type: str = Field(description="Class of the error, for example `NotFoundError`.")
    error: str = Field(description="The HTTP reason phrase.")
    message: str
    status: int
    errors: list[dict[str, Any]] = Field(
        default_factory=list, description="Validation errors, each with `loc` and `msg`."
    )
    request_id: str = Field(description="Also in the `X-Request-ID` header and in the log.")
