"""Slows down who guesses passwords."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pegbox.errors import TooManyRequestsError
from pegbox.web.access.rate_limit import seconds_until

PER_NAME: RateLimitItem = RateLimitItemPerMinute(5, 5, namespace="login-name")
"""For one name from one address: five in five minutes. Not for the name alone, or strangers could lock its owner out."""

PER_ADDRESS: RateLimitItem = RateLimitItemPerMinute(60, 5, namespace="login-address")
"""For all names from one address, where many people may sit."""


class Attempts:
    """Counts sign-ins that have not succeeded, in the memory of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def begin(self, name: str, address: str) -> None:
        """Counts one before it is known how it ends: attempts side by side cannot slip through. Raises TooManyRequestsError."""
        for limit, key in ((PER_ADDRESS, (address,)), (PER_NAME, (name, address))):
            if not self._limiter.hit(limit, *key):
                wait = seconds_until(self._limiter.get_window_stats(limit, *key).reset_time)
                raise TooManyRequestsError(
                    f"Too many failed sign-ins; try again in {wait} seconds", retry_after_seconds=wait
                )

    def succeeded(self, name: str, address: str) -> None:
        """It was the right password: its earlier failures no longer count."""
        self._limiter.clear(PER_NAME, name, address)
