"""What foreign clients have called their records: which of them are in the log already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

IDS_AT_ONCE = 2_000
"""In one query: databases bound the number of parameters."""


def remember(connection: Connection, record_ids: Sequence[bytes]) -> set[bytes]:
    """Those of the ids that came before; from now on all of them did. The caller commits.

    In the driver's own words: an entry brings one id, and wrapping each as a parameter costs more than keeping it.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    unique = list(dict.fromkeys(record_ids))
    known: set[bytes] = set()
    for start in range(0, len(unique), IDS_AT_ONCE):
        part = tuple(unique[start : start + IDS_AT_ONCE])
        marks = ", ".join([mark] * len(part))
        query = f"SELECT id FROM record_id WHERE id IN ({marks})"
        known.update(bytes(row[0]) for row in connection.exec_driver_sql(query, part))
    # In their order: neighbours of the index are then written together.
    fresh = sorted((record_id,) for record_id in unique if record_id not in known)
    if fresh:
        connection.exec_driver_sql(f"INSERT INTO record_id (id) VALUES ({mark})", fresh)
    return known
