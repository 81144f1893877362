"""Converts the records of a run to log batches within the limits, with a deduplication id per record."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from monitor.dialects.trackio.entries import Record
from monitor.metrics.ingest.batch_schema import MAX_MEDIA
from monitor.metrics.log.columns import Columns
from monitor.metrics.log.records import Event, Media
from monitor.metrics.log.store import LoggedBatch

WRITER = "trackio"
MAX_RECORDS = 2_000
MAX_VALUES = 20_000
"""Maximum steps times metrics per batch, well below the limit of the log."""

ID_BYTES = 8


def record_id(run_id: str, kind: str, given: str | None) -> int:
    """Returns a 64-bit deduplication id of a client's record id; a random id for a record without one."""
    name = f"{run_id}\0{kind}\0{given}" if given else secrets.token_hex(16)
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).digest()
    return int.from_bytes(digest, "little", signed=True)


def batches(run_id: str, records: Iterable[Record], first_step: int) -> Iterator[LoggedBatch]:
    """Yields batches in the order of the records. Missing steps are numbered from `first_step`."""
    part: list[Record] = []
    names: set[str] = set()
    media = 0
    for record in records:
        if record.step is None:
            record.step, first_step = first_step, first_step + 1
        together = names if record.points.keys() <= names else names | record.points.keys()
        is_full = (
            len(part) >= MAX_RECORDS
            or (len(part) + 1) * len(together) > MAX_VALUES
            or media + len(record.media) > MAX_MEDIA
        )
        if part and is_full:
            yield _batch(run_id, part)
            part, media, together = [], 0, set(record.points)
        part.append(record)
        names = together
        media += len(record.media)
    if part:
        yield _batch(run_id, part)


def _batch(run_id: str, records: Sequence[Record]) -> LoggedBatch:
    with_points = [record for record in records if record.points]
    names = dict.fromkeys(name for record in with_points for name in record.points)
    media = [
        (record.id, Media(record.step or 0, record.time, name, data))
        for record in records
        for name, data in record.media.items()
    ]
    return LoggedBatch(
        first_seq=0,
        run_id=run_id,
        writer=WRITER,
        sequence=-1,
        rewind_to=None,
        columns=Columns.from_lists(
            [record.step or 0 for record in with_points],
            [record.time for record in with_points],
            {name: [record.points.get(name) for record in with_points] for name in names},
        ),
        media=[item for _, item in media],
        record_ids=[*(record.id for record in with_points), *(identity for identity, _ in media)],
    )


def event_batch(run_id: str, events: Sequence[tuple[int, Event]]) -> LoggedBatch:
    """Returns a batch of events, each with its deduplication id."""
    return LoggedBatch(
        first_seq=0,
        run_id=run_id,
        writer=WRITER,
        sequence=-1,
        rewind_to=None,
        columns=Columns.empty(),
        events=[event for _, event in events],
        record_ids=[identity for identity, _ in events],
    )
