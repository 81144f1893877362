"""CSRF protection: requests without `X-Requested-With` are refused only if a browser sends them from another site.

Aspara's server refuses all requests without the header, including the scripts in its own documentation. The header proves that
no cross-site page sent the request, since browsers require a preflight for it; requests of scripts need no such proof.
`pegbox.web.access.guard` has already refused foreign `Host` and `Origin` headers.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from pegbox.errors import PermissionDeniedError

PROOF = "XMLHttpRequest"
OTHER_SITE = "cross-site"


def refuse_other_sites(
    x_requested_with: Annotated[str | None, Header(include_in_schema=False)] = None,
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Raises `PermissionDeniedError` for a cross-site request of a browser."""
    if sec_fetch_site == OTHER_SITE and x_requested_with != PROOF:
        raise PermissionDeniedError("Missing or invalid X-Requested-With header")
