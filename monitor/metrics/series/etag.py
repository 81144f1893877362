"""ETags of series: a client that has the current response gets 304 Not Modified."""

from __future__ import annotations

from hashlib import blake2b

import pegbox

REVALIDATE = "private, no-cache"
"""Caches must revalidate each time: new points may arrive at any moment."""


def series_etag(run_id: str, last_seq: int, *query: object) -> str:
    """Returns a weak ETag of the points, the query and the version of Pegbox, which may change the representation."""
    content = repr((pegbox.__version__, run_id, last_seq, query)).encode()
    return f'W/"{blake2b(content, digest_size=12).hexdigest()}"'


def etag_matches(etag: str, if_none_match: str) -> bool:
    """Whether `If-None-Match` contains the ETag (weak comparison, RFC 9110 section 13.1.2) or `*`."""
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
