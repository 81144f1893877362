"""Ids that foreign clients give their records, for finding records that are in the log already."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection

IDS_AT_ONCE = 2_000
"""Ids per statement: databases limit the number of parameters."""


def register_record_ids(connection: Connection, record_ids: Sequence[int]) -> AbstractSet[int]:
    """Stores the ids and returns those that were stored before. The caller commits.

    Raw driver SQL, because SQLAlchemy's bind parameters cost more than the insert itself. `RETURNING` yields the new ids, so
    that no lookup is needed.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    unique = set(record_ids)
    ordered = sorted(unique)  # adjacent index entries are then written together
    for start in range(0, len(ordered), IDS_AT_ONCE):
        part = tuple(ordered[start : start + IDS_AT_ONCE])
        rows = ", ".join([f"({mark})"] * len(part))
        query = f"INSERT INTO record_id (id) VALUES {rows} ON CONFLICT (id) DO NOTHING RETURNING id"  # noqa: S608 - names of our own tables, values are bound
        unique.difference_update([row[0] for row in connection.exec_driver_sql(query, part)])
    return unique
