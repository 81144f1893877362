"""Settings of the browser and of the server."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

import pegbox
from backend.dependencies import Config, Db
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for, monitor_url
from backend.pages.frame.rendering import render
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

SPANS = (("0", "off"), ("1", "10 steps"), ("2", "20 steps"), ("3", "50 steps"), ("4", "100 steps"))
"""Options of the smoothing slider above the charts."""


@dataclass(frozen=True)
class SettingsPage:
    """`server` are (label, value, environment variable)."""

    version: str
    spans: tuple[tuple[str, str], ...]
    server: list[tuple[str, str, str]]


@router.get("/settings", response_class=HTMLResponse)
def show_settings(request: Request, db: Db, settings: Config) -> HTMLResponse:
    """Browser settings are stored in the browser; server settings come from environment variables."""
    page = SettingsPage(pegbox.__version__, SPANS, _server(settings, monitor_url(request, settings)))
    return render(
        request, "system/settings.html", "settings", layout=layout_for(request, db, settings, "Settings"), page=page
    )


def _server(settings: Settings, monitor: str) -> list[tuple[str, str, str]]:
    days = settings.raw_days
    return [
        ("Data folder", str(settings.home), "PEGBOX_HOME"),
        ("Listens on", f"{settings.host}, port {settings.port}", "PEGBOX_HOST, PEGBOX_PORT"),
        ("Monitor, as browsers reach it", monitor, "PEGBOX_PUBLIC_MONITOR_URL"),
        ("Access", "with a token" if settings.token else "open on this machine only", "PEGBOX_TOKEN"),
        ("Model hub", settings.hub_endpoint, "HF_ENDPOINT"),
        ("Largest dataset", filters.size(settings.max_dataset_bytes), "PEGBOX_MAX_DATASET_BYTES"),
        ("Largest artifact", filters.size(settings.max_artifact_bytes), "PEGBOX_MAX_ARTIFACT_BYTES"),
        (
            "Points of ended runs",
            "all kept" if days is None else f"all kept for {days:g} days, then their outline",
            "PEGBOX_RAW_DAYS",
        ),
    ]
