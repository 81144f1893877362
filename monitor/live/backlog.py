"""Messages that a viewer missed: everything after its cursor, read from the log."""

from __future__ import annotations

from sqlalchemy import Engine

from monitor.live.envelopes import envelope, event_data, media_data, point_data, reset, samples_data
from monitor.metrics.log import store

MAX_RECORDS = 5_000
"""A viewer that missed more gets a reset: reading the series again transfers less."""


def read_backlog(engine: Engine, run_id: str, after: int, until: int) -> list[str]:
    """Returns messages with `after < seq <= until` in cursor order, or a single reset.

    A rewind after the cursor also gives a reset, since the viewer may have received rewound points.
    """
    if after >= until:
        return []
    points: list[tuple[int, int, str]] = []  # cursor, step, message
    with engine.connect() as connection:
        for batch in store.read_batches(connection, run_id, after):
            if batch.first_record_seq > until:
                break
            if batch.rewind_to is not None and batch.first_seq > after:
                if after:
                    return [reset(until)]
                points = [
                    point for point in points if point[1] <= batch.rewind_to
                ]  # a new viewer has not received them
            for index, step in enumerate(batch.columns.steps):
                seq = batch.seq_of(index)
                if after < seq <= until:
                    points.append((seq, step, envelope(seq, "point", point_data(batch.columns, index))))
            if len(points) > MAX_RECORDS:
                return [reset(until)]
        messages = [(seq, text) for seq, _, text in points]
        for sample in store.read_samples(connection, run_id, after):
            messages.append((sample.seq, envelope(sample.seq, "samples", samples_data(sample))))
        for event in store.read_events(connection, run_id, after):
            messages.append((event.seq, envelope(event.seq, "event", event_data(event))))
        for media in store.read_media(connection, run_id, after):
            messages.append((media.seq, envelope(media.seq, "media", media_data(media))))
    return [text for seq, text in sorted(messages) if seq <= until]


def read_page(engine: Engine, run_id: str, after: int, until: int, limit: int) -> list[str]:
    """Returns the next `limit` records after the cursor as they were logged, however old the cursor is.

    A rewind appears as a reset whose `seq` precedes its batch. Rewound records that are still in the log are included.
    """
    messages: list[tuple[int, int, str]] = []  # cursor, 1 for a record or 0 for a reset, message
    points = 0
    with engine.connect() as connection:
        for batch in store.read_batches(connection, run_id, after):
            if batch.first_record_seq > until or points >= limit:
                break
            if batch.rewind_to is not None and batch.first_seq > after:
                before = batch.first_seq - (1 if batch.count else 0)  # a batch without records takes one cursor itself
                messages.append((batch.first_seq, 0, reset(before)))
            for index in range(len(batch.columns)):
                seq = batch.seq_of(index)
                if after < seq <= until and points < limit:
                    messages.append((seq, 1, envelope(seq, "point", point_data(batch.columns, index))))
                    points += 1
        for sample in store.read_samples(connection, run_id, after, limit):
            messages.append((sample.seq, 1, envelope(sample.seq, "samples", samples_data(sample))))
        for event in store.read_events(connection, run_id, after, limit):
            messages.append((event.seq, 1, envelope(event.seq, "event", event_data(event))))
        for media in store.read_media(connection, run_id, after, limit):
            messages.append((media.seq, 1, envelope(media.seq, "media", media_data(media))))
    page: list[str] = []
    for seq, is_record, text in sorted(messages):
        if seq > until or (is_record and limit == 0):
            break
        limit -= is_record
        page.append(text)
    return page
