"""Creates a run at the monitor and opens its outbox."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pegbox.errors import AuthenticationError, NotFoundError, PermissionDeniedError, UnavailableError, UnreachableError
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.run import FLUSH_INTERVAL, Run

log = logging.getLogger("pegbox")


def create_run(
    url: str,
    token: str | None,
    create: dict[str, Any],
    folder: Path,
    *,
    require_monitor: bool,
    flush_interval: float = FLUSH_INTERVAL,
) -> Run:
    """Creates or resumes the run that `create`, the body of `POST /api/runs`, describes. Errors are those of `pegbox.init`."""
    connection = MonitorConnection(url, token)
    last_step = None
    try:
        view = connection.call("POST", "/api/runs", create)
    except (AuthenticationError, PermissionDeniedError) as error:
        raise type(error)(f"{connection.url}: {error.message}") from None
    except NotFoundError as error:
        if create["resume"] == "must":
            raise
        raise UnreachableError(f"{connection.url} is not a Pegbox monitor ({error.message})") from None
    except UnavailableError as error:
        if require_monitor:
            raise UnreachableError(
                f"{error.message}. Is `pegbox up` running? Set PEGBOX_MONITOR_URL if it runs elsewhere."
            ) from None
        log.warning("pegbox: %s; metrics wait on disk until it does", error.message)
    else:
        if not isinstance(view, dict) or "id" not in view:
            raise UnreachableError(f"{connection.url} is not a Pegbox monitor")
        last_step = view.get("last_step")
        create = {**create, "name": view.get("name") or create.get("name")}
    finally:
        connection.close()
    return Run(connection.url, token, create, folder, last_step=last_step, flush_interval=flush_interval)
