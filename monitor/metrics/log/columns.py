"""Metric points as columns, and their encoding in the log.

Columns are `array` objects instead of NumPy arrays: ingest needs no arithmetic, so an idle monitor never loads NumPy. Bytes are
little-endian 64-bit, as on every machine Pegbox runs on.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from itertools import compress
from operator import le

import msgspec

from monitor.metrics.log.nonfinite import NONFINITE_VALUES

NAN = math.nan


class Column:
    """Values of one metric. `present` holds a byte 0 or 1 per point, or is None when every point has a value."""

    __slots__ = ("present", "values")

    def __init__(self, values: array[float], present: bytes | None = None) -> None:
        self.values = values
        self.present = present

    @classmethod
    def from_list(cls, column: Sequence[float | str | None]) -> Column:
        try:
            return cls(array("d", column))  # type: ignore[arg-type]  # the common case: numbers only
        except TypeError:
            pass
        values = array("d", [_number(value) for value in column])
        present = bytes(value is not None for value in column)
        return cls(values, None if all(present) else present)

    def get(self, index: int) -> float | None:
        """Returns the value of one point, None when the point has no value."""
        if self.present is not None and not self.present[index]:
            return None
        return self.values[index]

    def concat(self, other: Column) -> Column:
        """Returns this column followed by the other one."""
        present = None
        if self.present is not None or other.present is not None:
            present = (self.present or b"\1" * len(self.values)) + (other.present or b"\1" * len(other.values))
        return Column(self.values + other.values, present)

    def select(self, keep: bytes) -> Column:
        """Returns the points for which `keep` holds a byte 1."""
        present = None if self.present is None else bytes(compress(self.present, keep))
        return Column(array("d", compress(self.values, keep)), present)

    def last(self) -> float | None:
        """Returns the newest value, None for a column without values."""
        if self.present is None:
            return self.values[-1] if self.values else None
        index = self.present.rfind(1)
        return self.values[index] if index >= 0 else None


class Columns:
    """Points of one batch. `steps`, `times` (Unix seconds), `epochs` (NaN while unknown) and metrics have one entry per point."""

    __slots__ = ("epochs", "metrics", "steps", "times")

    def __init__(
        self, steps: array[int], times: array[float], epochs: array[float], metrics: dict[str, Column]
    ) -> None:
        self.steps = steps
        self.times = times
        self.epochs = epochs
        self.metrics = metrics

    @classmethod
    def empty(cls) -> Columns:
        return cls(array("q"), array("d"), array("d"), {})

    @classmethod
    def from_lists(
        cls, steps: Sequence[int], times: Sequence[float], metrics: Mapping[str, Sequence[float | str | None]]
    ) -> Columns:
        """From decoded lists. `epochs` stays empty until `fill_epochs`."""
        columns = {name: Column.from_list(values) for name, values in metrics.items()}
        return cls(array("q", steps), array("d", times), array("d"), columns)

    def __len__(self) -> int:
        return len(self.steps)

    def fill_epochs(self, epoch: float | None, step: int | None) -> None:
        """Fills `epochs`: the logged `epoch` of each point, else the newest epoch before the point.

        `epoch` and `step` are the run's newest so far. A late point of an earlier step without a logged epoch gets NaN.
        """
        own = self.metrics.get("epoch")
        current = NAN if epoch is None else epoch
        highest = -(2**62) if step is None else step
        if self.steps and self.steps[0] >= highest and all(map(le, self.steps, self.steps[1:])):
            if own is None:
                self.epochs = array("d", [current]) * len(self)
                return
            if own.present is None and all(map(math.isfinite, own.values)):
                self.epochs = own.values
                return
        epochs = array("d")
        for index, at in enumerate(self.steps):
            value = own.get(index) if own is not None else None
            if value is not None and math.isfinite(value):
                epochs.append(value)
                current = value if at >= highest else current
            else:
                epochs.append(current if at >= highest else NAN)
            highest = max(highest, at)
        self.epochs = epochs

    @classmethod
    def join(cls, parts: Sequence[Columns]) -> Columns:
        """Concatenates the parts. Metrics keep the order in which each first has a value."""
        joined = cls.empty()
        for part in parts:
            before = len(joined)
            joined.steps += part.steps
            joined.times += part.times
            joined.epochs += part.epochs
            valued = {name: column for name, column in part.metrics.items() if column.last() is not None}
            for name in dict.fromkeys([*joined.metrics, *valued]):
                column = joined.metrics.get(name) or _missing_column(before)
                joined.metrics[name] = column.concat(valued.get(name) or _missing_column(len(part)))
        return joined

    def select(self, keep: bytes) -> Columns:
        """Returns the points for which `keep` holds a byte 1, without metrics that have no value among them."""
        metrics = {name: column.select(keep) for name, column in self.metrics.items()}
        return Columns(
            array("q", compress(self.steps, keep)),
            array("d", compress(self.times, keep)),
            array("d", compress(self.epochs, keep)),
            {name: column for name, column in metrics.items() if column.last() is not None},
        )

    def encode(self) -> bytes:
        """Returns the payload of a log row."""
        return _encoder.encode(
            _Payload(
                self.steps.tobytes(),
                self.times.tobytes(),
                self.epochs.tobytes(),
                {
                    name: column.values.tobytes()
                    if column.present is None
                    else (column.values.tobytes(), column.present)
                    for name, column in self.metrics.items()
                },
            )
        )

    @classmethod
    def decode(cls, payload: bytes) -> Columns:
        """Decodes the output of `encode`. Raises `msgspec.DecodeError` for a damaged payload."""
        raw = _decoder.decode(payload)
        metrics = {}
        for name, value in raw.metrics.items():
            metrics[name] = (
                Column(_doubles(value)) if isinstance(value, bytes) else Column(_doubles(value[0]), value[1])
            )
        steps = array("q")
        steps.frombytes(raw.steps)
        return cls(steps, _doubles(raw.times), _doubles(raw.epochs), metrics)


def _missing_column(count: int) -> Column:
    return Column(array("d", [NAN]) * count, bytes(count))


def _number(value: float | str | None) -> float:
    if value is None:
        return NAN
    return NONFINITE_VALUES[value] if isinstance(value, str) else value


class _Payload(msgspec.Struct, array_like=True):
    steps: bytes
    times: bytes
    epochs: bytes
    metrics: dict[str, bytes | tuple[bytes, bytes]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Payload)


def _doubles(data: bytes) -> array[float]:
    values = array("d")
    values.frombytes(data)
    return values
