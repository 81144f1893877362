"""What foreign clients have called their records: which of them are in the log already."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection

IDS_AT_ONCE = 2_000
"""In one statement: databases bound the number of parameters."""


def remember(connection: Connection, record_ids: Sequence[int]) -> AbstractSet[int]:
    """Those of the ids that came before; from now on all of them did. The caller commits.

    In the driver's own words: an entry brings one id, and wrapping each as a parameter costs more than keeping it. The database
    says which were new, so that nothing is looked up twice.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    unique = set(record_ids)
    ordered = sorted(unique)  # neighbours of the index are then written together
    for start in range(0, len(ordered), IDS_AT_ONCE):
        part = tuple(ordered[start : start + IDS_AT_ONCE])
        rows = ", ".join([f"({mark})"] * len(part))
        query = f"INSERT INTO record_id (id) VALUES {rows} ON CONFLICT (id) DO NOTHING RETURNING id"  # noqa: S608 - names of our own tables, values are bound
        unique.difference_update([row[0] for row in connection.exec_driver_sql(query, part)])
    return unique
