"""`pegbox.init`, `pegbox.log`, `pegbox.finish`: the run of this process."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat

from pegbox.errors import ConflictError
from pegbox.sdk.environment import default_monitor_url, home_folder

# `import pegbox` loads this module, so functions import what only a recording script needs.
if TYPE_CHECKING:
    from pegbox.sdk.recording.run import Run

EXIT_SECONDS = 10.0
"""How long the end of the process waits for the last metrics to be sent; the rest stays in the outbox."""

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
    """Starts a run, or resumes the run with the given `id`, and makes it the run that `pegbox.log` writes to.

    `url` is the monitor's address; it defaults to `PEGBOX_MONITOR_URL`, else port 8001 on the host of `PEGBOX_URL`, else port 8001
    on this machine. `token` defaults to `PEGBOX_TOKEN`, else the token that `pegbox login` saved. `home` is the folder that holds
    the outbox; it defaults to `PEGBOX_HOME`, else `~/.pegbox`. `flush_interval` is the least time between two batches in seconds
    (default 0.02); a longer interval costs a fast training less CPU. `system_metrics` logs CPU, memory, network and GPUs of this
    machine as `system/…` every five seconds, or at the given interval in seconds.

    Raises `UnreachableError` when the monitor does not respond, `AuthenticationError` for a wrong token, `ConflictError` for
    `resume="never"` with an existing id. With `require_monitor=False` the run starts without the monitor, and its metrics stay
    on disk until the monitor responds.
    """
    global _current
    import secrets  # noqa: PLC0415

    from pegbox.sdk.credentials import token_for  # noqa: PLC0415
    from pegbox.sdk.recording.create import create_run  # noqa: PLC0415
    from pegbox.sdk.recording.recovery import send_orphaned_outboxes  # noqa: PLC0415
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
    address = url or default_monitor_url()
    secret = token if token is not None else token_for(address)
    run = create_run(
        address,
        secret,
        create,
        folder,
        require_monitor=require_monitor,
        flush_interval=FLUSH_INTERVAL if flush_interval is None else flush_interval,
    )
    if system_metrics:
        run.watch_system(None if system_metrics is True else system_metrics)
    send_orphaned_outboxes(run.url, secret, folder, except_run=run.id)
    _current = run
    return run


def log(values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
    """`Run.log` of the current run."""
    _require().log(values, step)


def finish(status: str = "finished") -> bool:
    """`Run.finish` of the current run. `log` then needs a new `init`."""
    global _current
    run, _current = _require(), None
    return run.finish(status)


def _require() -> Run:
    if _current is None:
        raise ConflictError("no run: call pegbox.init() first")
    return _current


@atexit.register
def _finish_all() -> None:
    module = sys.modules.get("pegbox.sdk.recording.run")
    if module is None:
        return
    # The interpreter sets `last_value` when an uncaught exception ends the script.
    status = "failed" if getattr(sys, "last_value", None) is not None else "finished"
    for run in module.unfinished_runs():
        run.finish_at_exit(status, EXIT_SECONDS)
