"""Domain errors. Each knows its HTTP status, so that one handler can shape them all; nothing here knows the web.

PegboxError                     500  something of ours broke
├── ValidationError             422  the request does not fit its schema or its references
│   └── UnusableContentError    400  it parses as a request, but its content cannot be used (a broken CSV)
├── AuthenticationError         401  no token, or a wrong one
├── PermissionDeniedError       403  known, but not allowed: foreign Host or Origin
├── NotFoundError               404  no such thing
├── ConflictError               409  it exists already, or its state forbids this
│   └── LeaseLostError          409  another worker holds the job now
├── PayloadTooLargeError        413  beyond a size limit
├── TooManyRequestsError        429  back off, then repeat
└── UnavailableError            503  cannot be answered now; the message says what is missing
    └── UnreachableError        503  a service or hub did not answer (raised by clients)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class PegboxError(Exception):
    """Base of every error that Pegbox raises on purpose.

    `message` is one sentence for a person; `errors` lists single findings (`{"loc": …, "msg": …}`) where there are several.
    """

    status: ClassVar[int] = 500

    def __init__(self, message: str, *, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = list(errors)

    @property
    def error_type(self) -> str:
        """The class word on the wire, for example `NotFoundError`."""
        return type(self).__name__


class ValidationError(PegboxError):
    """The request does not fit its schema, or refers to something that is not there."""

    status = 422


class UnusableContentError(ValidationError):
    """The request is well formed, but what it carries cannot be used."""

    status = 400

    @property
    def error_type(self) -> str:
        return "ValidationError"


class AuthenticationError(PegboxError):
    """No token, or one that is not valid."""

    status = 401


class PermissionDeniedError(PegboxError):
    """The caller is known but may not do this, or calls from a foreign host or origin."""

    status = 403


class NotFoundError(PegboxError):
    """There is no such thing."""

    status = 404


class ConflictError(PegboxError):
    """It exists already, or its present state forbids the request."""

    status = 409


class LeaseLostError(ConflictError):
    """The claim token is stale: the job was taken over, or has ended."""


class PayloadTooLargeError(PegboxError):
    """The body is beyond a limit; the message gives the limit in bytes."""

    status = 413


class TooManyRequestsError(PegboxError):
    """The caller should wait `retry_after_seconds` and repeat."""

    status = 429

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(PegboxError):
    """The request cannot be answered now; the message says what is missing."""

    status = 503


class UnreachableError(UnavailableError):
    """A service did not answer: wrong address, not running, or no network."""


BY_STATUS: dict[int, type[PegboxError]] = {
    cls.status: cls
    for cls in (
        UnusableContentError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        ConflictError,
        PayloadTooLargeError,
        ValidationError,
        TooManyRequestsError,
        UnavailableError,
    )
}
"""For clients: the error class that an HTTP status stands for."""
