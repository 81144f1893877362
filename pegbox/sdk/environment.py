"""Defaults that the environment gives: the data folder and the addresses of the services. Imports nothing heavy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

# `import pegbox` loads this module: `pathlib` and `urllib` are imported when a function needs them.
if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_BACKEND_URL = "http://127.0.0.1:8000"
DEFAULT_MONITOR_URL = "http://127.0.0.1:8001"
MONITOR_PORT = 8001


def home_folder(home: str | os.PathLike[str] | None = None) -> Path:
    """The absolute path of the data folder: `home`, else `PEGBOX_HOME`, else `~/.pegbox`."""
    from pathlib import Path  # noqa: PLC0415

    return Path(home or os.environ.get("PEGBOX_HOME") or "~/.pegbox").expanduser().absolute()


def backend_url(base_url: str | None = None) -> str:
    """`base_url`, else `PEGBOX_URL`, else port 8000 on this machine; without a slash at the end."""
    return (base_url or os.environ.get("PEGBOX_URL") or DEFAULT_BACKEND_URL).rstrip("/")


def default_monitor_url() -> str:
    """`PEGBOX_MONITOR_URL`, else port 8001 on the host of `PEGBOX_URL`, else port 8001 on this machine."""
    given = os.environ.get("PEGBOX_MONITOR_URL")
    if given:
        return given
    backend = os.environ.get("PEGBOX_URL")
    return monitor_url_for(backend) if backend else DEFAULT_MONITOR_URL


def monitor_url_for(backend: str) -> str:
    """The monitor's default port on the backend's host."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(backend if "://" in backend else f"http://{backend}")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{MONITOR_PORT}"
