"""Resolves the address of a Space: as the model hub gives it, else by the hub's naming rule."""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qs, urlsplit, urlunsplit

log = logging.getLogger(__name__)

LOOKUP_SECONDS = 10.0
_SPACE_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def split_token(space: str) -> tuple[str, str | None]:
    """Splits an address with `?write_token=`, as Trackio's own server prints it, into address and token."""
    parts = urlsplit(space.strip())
    if parts.scheme not in ("http", "https"):
        return space, None
    [token] = parse_qs(parts.query).get("write_token", [None])[:1]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), token


def resolve(space: str, hf_token: str | None = None) -> str:
    """The address of a Space id (`owner/name`); returns an address unchanged. Raises `ValueError` for other text."""
    given = space.strip().rstrip("/")
    if given.startswith(("http://", "https://")):
        return given
    if not _SPACE_ID.fullmatch(given):
        raise ValueError(f"'{space[:100]}' is neither an address (http://…) nor a Space id (owner/name)")
    return _address_from_hub(given, hf_token) or f"https://{given.replace('/', '-')}.hf.space"


def _address_from_hub(space_id: str, hf_token: str | None) -> str | None:
    """`None` when the hub does not respond or does not know the Space."""
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import, not needed for an address

        host = getattr(HfApi(token=hf_token).space_info(space_id, timeout=LOOKUP_SECONDS), "host", None)
    except Exception as error:  # no package, no network or no access: the naming rule still applies
        log.warning("could not look up the Space %s (%s); trying its usual address", space_id, error)
        return None
    if not host:
        return None
    return str(host).rstrip("/") if str(host).startswith("http") else f"https://{host}".rstrip("/")
