"""Which requests are retried, and after how long."""

from __future__ import annotations

import random

import httpx2

FIRST_DELAY_SECONDS = 0.2
MAX_DELAY_SECONDS = 5.0
MAX_RETRY_AFTER_SECONDS = 60.0
"""A service that asks for a longer delay gets no retry: the caller gets the error."""

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
UNAVAILABLE_STATUSES = frozenset({502, 503, 504})


class RetrySchedule:
    """The retries of one call. Delays double and have a random part, so that clients do not retry in step."""

    def __init__(self, retries: int) -> None:
        self._left = retries
        self._delay = FIRST_DELAY_SECONDS

    def after_response(self, method: str, response: httpx2.Response) -> float | None:
        """Seconds to wait before the next attempt; `None` when the response is final.

        A request refused with 429 was not carried out, so every method is retried. Other failures are retried for idempotent
        methods only, and 503 only with `Retry-After`: without it the cause may be permanent.
        """
        requested = retry_after(response)
        if response.status_code == 429:
            return self._next(requested)
        is_retryable = method in IDEMPOTENT_METHODS and response.status_code in UNAVAILABLE_STATUSES
        return (
            self._next(requested) if is_retryable and (requested is not None or response.status_code != 503) else None
        )

    def after_error(self, method: str, error: httpx2.TransportError) -> float | None:
        """Seconds to wait before the next attempt after a request without a response; `None` when the error is final."""
        was_not_sent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        timed_out = isinstance(error, httpx2.ReadTimeout)
        return self._next(None) if was_not_sent or (method in IDEMPOTENT_METHODS and not timed_out) else None

    def _next(self, requested: float | None) -> float | None:
        if self._left <= 0 or (requested is not None and requested > MAX_RETRY_AFTER_SECONDS):
            return None
        self._left -= 1
        delay = self._delay * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, keeps no secret
        self._delay = min(self._delay * 2, MAX_DELAY_SECONDS)
        return delay if requested is None else max(requested, 0.0)


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds of the `Retry-After` header; `None` when it is missing or a date, which Pegbox does not send."""
    try:
        return float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
