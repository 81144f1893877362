"""Takes secrets out of a stream of bytes, wherever the stream happens to be cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pegbox.schemas.jobs.environment import MASK, is_secret_name

SHORTEST_SECRET = 4
"""Shorter values are not looked for: they would blot out half the log, and keep nothing secret."""


def secrets_of(*environments: Mapping[str, str]) -> set[str]:
    """The values of secret-looking names."""
    return {value for environment in environments for name, value in environment.items() if is_secret_name(name)}


class Masking:
    """`feed` gives back what is safe to write; what may be the beginning of a secret waits for the next piece, or for `close`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret.encode() for secret in secrets if len(secret) >= SHORTEST_SECRET}
        self._secrets = sorted(known, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets))) if self._secrets else None
        self._waiting = b""

    def feed(self, data: bytes) -> bytes:
        if self._pattern is None:
            return data
        data = self._waiting + data
        written: list[bytes] = []
        done = 0
        hold = self._beginning(data, 0)
        for match in self._pattern.finditer(data):
            if match.start() >= hold:
                break
            written += (data[done : match.start()], MASK.encode())
            done = match.end()
            if done > hold:
                hold = self._beginning(data, done)
        written.append(data[done:hold])
        self._waiting = data[hold:]
        return b"".join(written)

    def close(self) -> bytes:
        """What was still waiting: nothing more comes, so it is no beginning of a secret."""
        waiting, self._waiting = self._waiting, b""
        return self._pattern.sub(MASK.encode(), waiting) if self._pattern else waiting

    def _beginning(self, data: bytes, after: int) -> int:
        """Where the longest end of `data` starts that is the unfinished beginning of a secret; its length when there is none."""
        longest = len(self._secrets[0]) - 1
        for start in range(max(after, len(data) - longest), len(data)):
            end = data[start:]
            if any(len(secret) > len(end) and secret.startswith(end) for secret in self._secrets):
                return start
        return len(data)
