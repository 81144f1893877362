"""Who may write without Aspara's `X-Requested-With`: everyone but a page of another site.

Aspara's own server refuses every request without that header, and with it the scripts of its own documents. The header proves
that no page of another site sent the request, since a browser would have asked first; a script proves it by not being a browser.
Foreign `Host` and `Origin` headers never come this far (`pegbox.web.access.guard`).
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
    """Raises `PermissionDeniedError` when a browser says that another site's page asks."""
    if sec_fetch_site == OTHER_SITE and x_requested_with != PROOF:
        raise PermissionDeniedError("Missing or invalid X-Requested-With header")
