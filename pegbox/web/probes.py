"""`GET /healthz`: whether the event loop of a service responds. `/readyz` also checks its dependencies."""

from __future__ import annotations

from fastapi import APIRouter

from pegbox.schemas.health import Liveness

router = APIRouter(tags=["Health"])


@router.get("/healthz", response_model=Liveness, summary="Liveness")
async def get_liveness() -> Liveness:
    """Touches neither disk nor database. Needs no token."""
    return Liveness()
