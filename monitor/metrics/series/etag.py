"""What an answer is made of, as an ETag: who has it need not be sent it again."""

from __future__ import annotations

from hashlib import blake2b

import pegbox

REVALIDATE = "private, no-cache"
"""Keep it, but ask each time whether it still holds: points may come at any moment."""


def series_etag(run_id: str, last_seq: int, *query: object) -> str:
    """A weak one: of the same points and the same query. Another version of Pegbox may write the same answer differently."""
    content = repr((pegbox.__version__, run_id, last_seq, query)).encode()
    return f'W/"{blake2b(content, digest_size=12).hexdigest()}"'


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether the header names this ETag (weak comparison, RFC 9110 section 13.1.2), or any with `*`."""
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
