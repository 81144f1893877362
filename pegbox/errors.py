"""Domain errors, each with its HTTP status. Independent of the web framework.

PegboxError                     500  an internal error
├── ValidationError             422  the request does not fit its schema or its references
│   └── UnusableContentError    400  a well-formed request with unusable content (a broken CSV)
├── AuthenticationError         401  no token, or an invalid token
├── PermissionDeniedError       403  not allowed, or a foreign Host or Origin
├── NotFoundError               404  not found
├── ConflictError               409  a duplicate, or a state that forbids the request
│   └── LeaseLostError          409  another worker holds the job
├── PayloadTooLargeError        413  the body exceeds a size limit
├── TooManyRequestsError        429  rate limit; retry later
└── UnavailableError            503  temporarily unavailable; the message says why
    └── UnreachableError        503  no response from a service or hub (raised by clients)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class PegboxError(Exception):
    """Base of all errors of Pegbox.

    `message` is one sentence for people; `errors` lists the single problems as `{"loc": …, "msg": …}`, if there are several.
    """

    status: ClassVar[int] = 500

    def __init__(self, message: str, *, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = list(errors)

    @property
    def error_type(self) -> str:
        """The name of the error in responses, for example `NotFoundError`."""
        return type(self).__name__


class ValidationError(PegboxError):
    """The request does not match its schema, or refers to a missing record."""

    status = 422


class UnusableContentError(ValidationError):
    """The request is well-formed, but its content cannot be used."""

    status = 400

    @property
    def error_type(self) -> str:
        return "ValidationError"


class AuthenticationError(PegboxError):
    """The request has no token or an invalid token."""

    status = 401


class PermissionDeniedError(PegboxError):
    """The caller lacks permission, or the request has a foreign host or origin."""

    status = 403


class NotFoundError(PegboxError):
    """The requested record does not exist."""

    status = 404


class ConflictError(PegboxError):
    """The record exists already, or its state forbids the request."""

    status = 409


class LeaseLostError(ConflictError):
    """The claim token is stale: another worker has the job, or the job has ended."""


class PayloadTooLargeError(PegboxError):
    """The body exceeds a size limit; the message gives the limit in bytes."""

    status = 413


class TooManyRequestsError(PegboxError):
    """The rate limit is reached; retry after `retry_after_seconds`."""

    status = 429

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(PegboxError):
    """The request cannot be served now; the message says why."""

    status = 503


class UnreachableError(UnavailableError):
    """A service did not respond: wrong address, not running, or no network."""


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
"""The error class for an HTTP status, used by clients."""
