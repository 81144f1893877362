"""NumPy arrays that grow, and invariants of them that are checked incrementally."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class GrowingArray:
    """An append-only array with amortized growth. Views returned earlier stay valid and unchanged."""

    __slots__ = ("_buffer", "size")

    def __init__(self, dtype: type[np.generic]) -> None:
        self._buffer: NDArray[Any] = np.empty(16, dtype)
        self.size = 0

    def extend(self, values: NDArray[Any]) -> None:
        end = self.size + len(values)
        if end > len(self._buffer):
            bigger = np.empty(max(end, 2 * len(self._buffer)), self._buffer.dtype)
            bigger[: self.size] = self._buffer[: self.size]
            self._buffer = bigger
        self._buffer[self.size : end] = values
        self.size = end

    def replace(self, values: NDArray[Any]) -> None:
        """Replaces the content in a new buffer, so that earlier views stay unchanged."""
        self._buffer = np.array(values, self._buffer.dtype)
        self.size = len(values)

    @property
    def view(self) -> NDArray[Any]:
        return self._buffer[: self.size]


class Invariant:
    """A predicate on all values of a growing array, checked incrementally: each check reads only the values added since."""

    __slots__ = ("_check", "_holds", "_seen")

    def __init__(self, check: Callable[[NDArray[Any]], bool]) -> None:
        self._check = check
        self.reset()

    def reset(self) -> None:
        """Checks all values again next time. Call after the array was replaced."""
        self._holds, self._seen = True, 0

    def holds_for(self, values: NDArray[Any]) -> bool:
        if self._holds and self._seen < len(values):
            self._holds = self._check(values[max(self._seen - 1, 0) :])
            self._seen = len(values)
        return self._holds


def is_all_finite(values: NDArray[Any]) -> bool:
    """Whether no value is NaN or infinite."""
    return bool(np.isfinite(values).all())


def is_nondecreasing(values: NDArray[Any]) -> bool:
    """Whether values never decrease and none is NaN."""
    return not values.size or bool(values[0] == values[0] and (values[1:] >= values[:-1]).all())
