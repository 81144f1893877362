"""`pegbox.init`, `pegbox.log`, `pegbox.finish`: the run of this process."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat

from pegbox.errors import ConflictError

# `import pegbox` loads this module, so it imports inside its functions what a script may never need.
if TYPE_CHECKING:
    from pathlib import Path

    from pegbox.sdk.recording.run import Run

DEFAULT_MONITOR = "http://127.0.0.1:8001"
MONITOR_PORT = 8001
EXIT_SECONDS = 10.0
"""How long the end of the process may wait for the last metrics; the rest stays in the outbox."""

_current: Run | None = None


def init(
    *,
    experiment: str = "default",
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
    resume: Literal["allow", "must", "never"] = "allow",
    id: str | None = None,
    job_uid: str | None = None,
    total_steps: int | None = None,
    url: str | None = None,
    token: str | None = None,
    home: str | os.PathLike[str] | None = None,
    require_monitor: bool = True,
    flush_interval: float | None = None,
    system_metrics: bool | float = False,
) -> Run:
    """Starts a run, or with a known `id` goes on with it, and makes it the one that `pegbox.log` writes to.

    `url` is the monitor's address (default `PEGBOX_MONITOR_URL`, else port 8001 beside `PEGBOX_URL`, else this machine),
    `token` defaults to `PEGBOX_TOKEN`, else what `pegbox login` keeps, `home` (where the outbox lies) to `PEGBOX_HOME`, else
    `~/.pegbox`.

    Raises `UnreachableError` when the monitor does not answer, `AuthenticationError` for a wrong token, `ConflictError` when
    `resume="never"` meets an existing id. With `require_monitor=False` an unreachable monitor is an outage like any other:
    the run starts, and its metrics wait on disk. `flush_interval` is the least time between two batches in seconds (default
    0.02): a longer one takes less of the machine from a fast training, and shows it later. `system_metrics` logs processor,
    memory, network and GPUs of this machine as `system/…` every five seconds, or as often as the number says.
    """
    global _current
    import secrets  # noqa: PLC0415

    from pegbox.sdk.credentials import token_for  # noqa: PLC0415
    from pegbox.sdk.recording.create import start_run  # noqa: PLC0415
    from pegbox.sdk.recording.recovery import send_leftovers  # noqa: PLC0415
    from pegbox.sdk.recording.run import FLUSH_INTERVAL  # noqa: PLC0415

    folder = home_folder(home) / "worker" / "outbox"
    create: dict[str, Any] = {
        "id": id or f"run-{secrets.token_hex(6)}",
        "experiment": experiment,
        "config": dict(config or {}),
        "tags": list(tags),
        "resume": resume,
    }
    for key, value in (("name", name), ("job_uid", job_uid), ("total_steps", total_steps)):
        if value is not None:
            create[key] = value
    address = url or monitor_address()
    secret = token if token is not None else token_for(address)
    run = start_run(
        address,
        secret,
        create,
        folder,
        require_monitor=require_monitor,
        flush_interval=FLUSH_INTERVAL if flush_interval is None else flush_interval,
    )
    if system_metrics:
        run.watch_system(None if system_metrics is True else system_metrics)
    send_leftovers(run.url, secret, folder, except_run=run.id)
    _current = run
    return run


def log(values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
    """`Run.log` of the current run."""
    _require().log(values, step)


def finish(status: str = "finished") -> bool:
    """`Run.finish` of the current run; `log` needs a new `init` afterwards."""
    global _current
    run, _current = _require(), None
    return run.finish(status)


def _require() -> Run:
    if _current is None:
        raise ConflictError("no run: call pegbox.init() first")
    return _current


def home_folder(home: str | os.PathLike[str] | None) -> Path:
    from pathlib import Path  # noqa: PLC0415

    return Path(home or os.environ.get("PEGBOX_HOME") or "~/.pegbox").expanduser().absolute()


def monitor_address() -> str:
    """The monitor that `init` talks to: `PEGBOX_MONITOR_URL`, else port 8001 beside `PEGBOX_URL`, else this machine's."""
    given = os.environ.get("PEGBOX_MONITOR_URL")
    if given:
        return given
    backend = os.environ.get("PEGBOX_URL")
    return monitor_beside(backend) if backend else DEFAULT_MONITOR


def monitor_beside(backend: str) -> str:
    """The monitor's usual port on the backend's host."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(backend if "://" in backend else f"http://{backend}")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{MONITOR_PORT}"


@atexit.register
def _finish_all() -> None:
    module = sys.modules.get("pegbox.sdk.recording.run")
    if module is None:
        return
    # The interpreter sets `last_value` when an exception nobody caught ends the script.
    status = "failed" if getattr(sys, "last_value", None) is not None else "finished"
    for run in module.living_runs():
        run.leave(status, EXIT_SECONDS)
