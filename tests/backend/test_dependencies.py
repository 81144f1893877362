"""The session of a request: given back whatever becomes of the request and however busy the threads are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest
from anyio import to_thread
from fastapi import FastAPI, Request
from sqlalchemy import QueuePool
from sqlmodel import Session

from backend.dependencies import get_db
from pegbox.settings import Settings
from pegbox.store.database import begin_write, open_engine


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    """No more than an application with a database."""
    app = FastAPI()
    app.state.engine = open_engine(settings)
    yield app
    app.state.engine.dispose()


def opened(app: FastAPI) -> AbstractAsyncContextManager[Session]:
    """As FastAPI uses it."""
    return asynccontextmanager(get_db)(Request({"type": "http", "app": app}))


def given_out(app: FastAPI) -> int:
    pool = app.state.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def test_a_request_that_is_cut_off_gives_its_connection_back(app: FastAPI) -> None:
    async def cut_off() -> None:
        with anyio.CancelScope() as scope:
            async with opened(app) as db:
                begin_write(db)
                assert given_out(app) == 1
                scope.cancel()
                await anyio.sleep(0)

    anyio.run(cut_off)
    assert given_out(app) == 0


@pytest.mark.timeout(60)
def test_a_lock_is_given_back_while_every_thread_waits(app: FastAPI) -> None:
    async def busy() -> None:
        limiter = to_thread.current_default_thread_limiter()
        for number in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(number)
        with anyio.fail_after(20):
            async with opened(app) as db:
                begin_write(db)

    anyio.run(busy)
    assert given_out(app) == 0
