"""Masks secrets in a stream of bytes, wherever the stream is split into pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pegbox.schemas.jobs.environment import MASK, is_secret_name

MIN_SECRET_LENGTH = 4
"""Shorter values are not masked: they occur everywhere in a log, and masking them protects nothing."""


def find_secrets(*environments: Mapping[str, str]) -> set[str]:
    """The values of all variables whose name looks like that of a secret."""
    return {value for environment in environments for name, value in environment.items() if is_secret_name(name)}


class SecretMasker:
    """Replaces secrets by asterisks. An end of a piece that may be the start of a secret is held back until the next piece."""

    def __init__(self, secrets: Iterable[str]) -> None:
        encoded = {secret.encode() for secret in secrets if len(secret) >= MIN_SECRET_LENGTH}
        self._secrets = sorted(encoded, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets))) if self._secrets else None
        self._held_back = b""

    def feed(self, data: bytes) -> bytes:
        """Takes the next piece and returns the masked bytes that are safe to write."""
        if self._pattern is None:
            return data
        data = self._held_back + data
        masked: list[bytes] = []
        done = 0
        hold_from = self._partial_secret(data, 0)
        for match in self._pattern.finditer(data):
            if match.start() >= hold_from:
                break
            masked += (data[done : match.start()], MASK.encode())
            done = match.end()
            if done > hold_from:
                hold_from = self._partial_secret(data, done)
        masked.append(data[done:hold_from])
        self._held_back = data[hold_from:]
        return b"".join(masked)

    def close(self) -> bytes:
        """The masked rest, after the last piece."""
        rest, self._held_back = self._held_back, b""
        return self._pattern.sub(MASK.encode(), rest) if self._pattern else rest

    def _partial_secret(self, data: bytes, after: int) -> int:
        """The first index at or beyond `after` from which `data` ends with an incomplete secret; `len(data)` if there is none."""
        longest = len(self._secrets[0]) - 1
        for start in range(max(after, len(data) - longest), len(data)):
            end = data[start:]
            if any(len(secret) > len(end) and secret.startswith(end) for secret in self._secrets):
                return start
        return len(data)
