"""Dependencies of routes: settings, database session, engine, caller, address.

All are coroutines, because none blocks: FastAPI runs plain functions in a thread, which takes longer than these functions.
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
    """A session, closed after the request even if it is cancelled. Closing ends the transaction, which may take a round trip, so
    it runs in a thread."""
    db = open_session(request.app.state.engine)
    try:
        yield db
    finally:
        with CancelScope(shield=True):
            # A separate limiter: threads of the shared one may all wait for a lock that this transaction holds.
            await to_thread.run_sync(db.close, limiter=CapacityLimiter(1))


Config = Annotated[Settings, Depends(get_settings)]
Database = Annotated[Engine, Depends(get_engine)]
Db = Annotated[Session, Depends(get_db, scope="function")]
"""Closed when the route returns, before the response is sent: a slow client holds no connection."""


async def get_caller(request: Request) -> Principal:
    principal: Principal | None = request.state.principal
    if principal is None:
        raise AuthenticationError("Authentication required: send 'Authorization: Bearer <token>'")
    return principal


Caller = Annotated[Principal, Depends(get_caller)]
"""The authenticated principal of the request."""


async def get_address(request: Request) -> str:
    return address_of(request.scope)


Address = Annotated[str, Depends(get_address)]
"""The client's address."""
