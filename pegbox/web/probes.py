"""`GET /healthz`: whether a service's event loop turns. What it needs beyond that, `/readyz` tells."""

from __future__ import annotations

from fastapi import APIRouter

from pegbox.schemas.health import Liveness

router = APIRouter(tags=["Health"])


@router.get("/healthz", response_model=Liveness, summary="Liveness")
async def get_liveness() -> Liveness:
    """Touches neither disk nor database. Needs no token."""
    return Liveness()
