"""When a call is tried again, and after how long."""

from __future__ import annotations

import random

import httpx2

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
LONGEST_WISH_SECONDS = 60.0
"""Who is told to come back later than this gets the error instead."""

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
PASSING = frozenset({502, 503, 504})
"""Statuses of a service that is not there at the moment."""


class Attempts:
    """Of one call. The pauses double, with a random part so that many clients do not come back together."""

    def __init__(self, retries: int) -> None:
        self._left = retries
        self._pause = FIRST_PAUSE_SECONDS

    def after_answer(self, method: str, response: httpx2.Response) -> float | None:
        """Seconds to wait before asking again; None when this answer stands.

        What was refused because of its rate has not been done, so any method may be repeated; after other failures only those
        that may arrive twice, and after 503 only if the service asks for it: some have a reason that stays.
        """
        wish = retry_after(response)
        if response.status_code == 429:
            return self._next(wish)
        may_repeat = method in REPEATABLE and response.status_code in PASSING
        return self._next(wish) if may_repeat and (wish is not None or response.status_code != 503) else None

    def after_failure(self, method: str, error: httpx2.TransportError) -> float | None:
        """The same when there was no answer."""
        was_not_sent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        is_slow = isinstance(error, httpx2.ReadTimeout)
        return self._next(None) if was_not_sent or (method in REPEATABLE and not is_slow) else None

    def _next(self, wish: float | None) -> float | None:
        if self._left <= 0 or (wish is not None and wish > LONGEST_WISH_SECONDS):
            return None
        self._left -= 1
        pause = self._pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, keeps no secret
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return pause if wish is None else max(wish, 0.0)


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds of the header, if it has some; its other form, a date, is not used by Pegbox."""
    try:
        return float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
