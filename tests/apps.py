"""Backend and monitor in this process, for use with `with`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from pegbox.settings import Settings

CreateApp = Callable[[Settings], FastAPI]

_routers: dict[CreateApp, APIRouter] = {}


def build_app(create_app: CreateApp, settings: Settings) -> FastAPI:
    """An app that shares its routes with the earlier apps of this process.

    FastAPI makes the validators of an app's routes during the first request: 0.1 seconds of CPU time per backend. Routes depend
    on no settings; middleware, state and lifespan remain those of the new app.
    """
    app = create_app(settings)
    app.router = _routers.setdefault(create_app, app.router)
    return app


def open_backend(settings: Settings, **options: Any) -> TestClient:
    """A client of the backend; entering the client runs the lifespan."""
    from backend.app import create_app

    return TestClient(build_app(create_app, settings), base_url=f"http://127.0.0.1:{settings.port}", **options)


def open_monitor(settings: Settings, **options: Any) -> TestClient:
    """The same for the monitor."""
    from monitor.app import create_app

    return TestClient(build_app(create_app, settings), base_url=f"http://127.0.0.1:{settings.monitor_port}", **options)
