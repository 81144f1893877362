"""What routes ask for: settings, a database session, the engine for work outside a request's session, who asks and from where.

None of them waits for anything, so they are coroutines: FastAPI runs every plain function on a thread of its own, and a way there
and back takes longer than any of these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from pegbox.errors import AuthenticationError
from pegbox.schemas.account import Principal
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.web.access.rate_limit import address_of


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def get_engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def get_db(request: Request) -> AsyncIterator[Session]:
    """Opening reads nothing; closing ends the transaction, which a database far away takes its time for, and happens whatever
    becomes of the request."""
    db = open_session(request.app.state.engine)
    try:
        yield db
    finally:
        with CancelScope(shield=True):
            # A thread beside the others, which may all be waiting for what this transaction holds.
            await to_thread.run_sync(db.close, limiter=CapacityLimiter(1))


Config = Annotated[Settings, Depends(get_settings)]
Database = Annotated[Engine, Depends(get_engine)]
Db = Annotated[Session, Depends(get_db, scope="function")]
"""Closed when the route returns, not after the answer was sent: a slow reader holds no connection."""


async def get_caller(request: Request) -> Principal:
    principal: Principal | None = request.state.principal
    if principal is None:
        raise AuthenticationError("Authentication required: send 'Authorization: Bearer <token>'")
    return principal


Caller = Annotated[Principal, Depends(get_caller)]
"""Who sent the request."""


async def get_address(request: Request) -> str:
    return address_of(request.scope)


Address = Annotated[str, Depends(get_address)]
"""Where it came from."""
