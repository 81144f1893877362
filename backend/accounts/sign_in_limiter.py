"""Limits the rate of failed sign-ins."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pegbox.errors import TooManyRequestsError
from pegbox.web.access.rate_limit import seconds_until

PER_NAME: RateLimitItem = RateLimitItemPerMinute(5, 5, namespace="login-name")
"""Per name and address: five in five minutes. A limit per name alone would let strangers lock the user out."""

PER_ADDRESS: RateLimitItem = RateLimitItemPerMinute(60, 5, namespace="login-address")
"""Per address over all names: many people may share an address."""


class SignInLimiter:
    """Counts sign-in attempts that have not succeeded, in the memory of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, name: str, address: str) -> None:
        """Counts an attempt before its outcome is known, so that parallel attempts count too. Raises `TooManyRequestsError`."""
        for limit, key in ((PER_ADDRESS, (address,)), (PER_NAME, (name, address))):
            if not self._limiter.hit(limit, *key):
                wait = seconds_until(self._limiter.get_window_stats(limit, *key).reset_time)
                raise TooManyRequestsError(
                    f"Too many failed sign-ins; try again in {wait} seconds", retry_after_seconds=wait
                )

    def reset(self, name: str, address: str) -> None:
        """Forgets the failed attempts of this name and address, after a correct password."""
        self._limiter.clear(PER_NAME, name, address)
