"""The messages of a run's feed as JSON text: envelopes `{"seq", "kind", "data"}`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monitor.metrics.log.columns import Columns
from monitor.metrics.log.nonfinite import json_number
from monitor.metrics.log.records import Event, Media, SampleSet
from monitor.metrics.log.store import LoggedBatch
from pegbox.store.tables import RunEvent, RunMedia, RunSample

_encode = msgspec.json.Encoder().encode


def envelope(seq: int, kind: str, data: Mapping[str, Any]) -> str:
    """Encodes one envelope."""
    return _encode({"seq": seq, "kind": kind, "data": data}).decode()


def reset(seq: int) -> str:
    """Encodes a reset: the viewer reads the series again and continues from `seq`."""
    return envelope(seq, "reset", {})


def of_batch(batch: LoggedBatch) -> Iterator[str]:
    """Yields all messages of a new batch in cursor order."""
    if batch.rewind_to is not None:
        yield reset(batch.first_seq - 1)
    for index in range(len(batch.columns)):
        yield envelope(batch.first_seq + index, "point", point_data(batch.columns, index))
    seq = batch.first_seq + len(batch.columns)
    for sample in batch.samples:
        yield envelope(seq, "samples", samples_data(sample))
        seq += 1
    for event in batch.events:
        yield envelope(seq, "event", event_data(event))
        seq += 1
    for media in batch.media:
        yield envelope(seq, "media", media_data(media))
        seq += 1


def point_data(columns: Columns, index: int) -> dict[str, Any]:
    """Returns the data of one point; NaN and infinite values are strings."""
    epoch = columns.epochs[index]
    values = {}
    for name, column in columns.metrics.items():
        value = column.get(index)
        if value is not None:
            values[name] = json_number(value)
    return {
        "step": columns.steps[index],
        "time": columns.times[index],
        "epoch": None if math.isnan(epoch) else epoch,
        "values": values,
    }


def samples_data(sample: SampleSet | RunSample) -> dict[str, Any]:
    return {"step": sample.step, "time": sample.time, "name": sample.name, "rows": msgspec.to_builtins(sample.rows)}


def event_data(event: Event | RunEvent) -> dict[str, Any]:
    return {
        "step": event.step,
        "time": event.time,
        "kind": event.kind,
        "title": event.title,
        "detail": event.detail,
        "level": event.level,
    }


def media_data(media: Media | RunMedia) -> dict[str, Any]:
    return {"step": media.step, "time": media.time, "name": media.name, "data": msgspec.to_builtins(media.data)}
