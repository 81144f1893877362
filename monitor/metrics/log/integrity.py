"""Integrity check of the log: finds batches that cannot be decoded."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine, select

from monitor.metrics.log.store import batch_table, decode_payload

PAGE = 50
"""Rows per query: a pack may take a megabyte."""


def find_damaged_batches(engine: Engine) -> list[str]:
    """Decodes all batches and returns one message per damaged batch."""
    return list(_damaged(engine))


def _damaged(engine: Engine) -> Iterator[str]:
    query = (
        select(batch_table.c.first_seq, batch_table.c.run_id, batch_table.c.span, batch_table.c.payload)
        .order_by(batch_table.c.first_seq)
        .limit(PAGE)
    )
    after = -1
    with engine.connect() as connection:
        while rows := connection.execute(query.where(batch_table.c.first_seq > after)).all():
            for row in rows:
                try:
                    columns, _ = decode_payload(row.payload, row.span)
                    lengths = {len(columns.times), *(len(column.values) for column in columns.metrics.values())}
                except (msgspec.DecodeError, ValueError) as error:
                    yield f"metric batch {row.first_seq} of run {row.run_id}: {error}"
                    continue
                if lengths != {len(columns)}:
                    yield f"metric batch {row.first_seq} of run {row.run_id}: its columns differ in length"
            after = rows[-1].first_seq
