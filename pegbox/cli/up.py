"""`pegbox up`: backend, monitor and worker under one supervisor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pegbox.settings import Settings


def up(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Anything but loopback needs accounts or PEGBOX_TOKEN.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the backend and the dashboard.  [default: 8000]")] = None,
    monitor_port: Annotated[int | None, typer.Option(help="Port of the monitor.  [default: 8001]")] = None,
    home: Annotated[Path | None, typer.Option(help="Data folder.  [default: ~/.pegbox]")] = None,
    sample: Annotated[
        bool,
        typer.Option("--sample/--no-sample", help="On an empty data folder: bring in sample data and train on it."),
    ] = False,
) -> None:
    """Start Pegbox: backend, monitor and worker. Ctrl-C stops all three."""
    import sys

    from pegbox.cli.process_log import ProcessLog
    from pegbox.cli.startup import StartupWatcher
    from pegbox.cli.supervisor import Child, Supervisor
    from pegbox.settings import Settings
    from pegbox.store.database import open_engine, upgrade
    from pegbox.web.access.identities import has_active_users
    from pegbox.web.service import require_authentication_when_exposed, require_credentials_when_exposed

    given = {"host": host, "port": port, "monitor_port": monitor_port, "home": home}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    require_authentication_when_exposed(settings)
    settings = with_worker_token(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    with lock_home(settings.home):
        if not settings.is_loopback:
            engine = open_engine(settings)
            upgrade(engine, settings)
            require_credentials_when_exposed(settings, has_active_users=has_active_users(engine))
            engine.dispose()
        refuse_taken_ports(settings)
        serve = [sys.executable, "-m", "pegbox.cli.serve"]
        children = [
            Child("backend", [*serve, "backend", settings.host, str(settings.port)]),
            Child("monitor", [*serve, "monitor", settings.host, str(settings.monitor_port)]),
            Child("worker", [sys.executable, "-m", "pegbox", "worker"], worker_environment(settings)),
        ]
        log = ProcessLog([child.name for child in children])
        log.print_line("pegbox", f"starting; data folder {settings.home}")
        watcher = StartupWatcher(settings, log.print_line, sample=sample)
        Supervisor(children, environment(settings), log.print_line).run(watcher.start_once)


def with_worker_token(settings: Settings) -> Settings:
    """Adds a new token for the worker when requests need one and there is no shared token."""
    import secrets

    from pydantic import SecretStr

    if settings.access != "required" or settings.token:
        return settings
    return settings.model_copy(update={"worker_token": SecretStr(secrets.token_urlsafe(32))})


def worker_environment(settings: Settings) -> dict[str, str]:
    """Variables for the worker only."""
    return {"PEGBOX_TOKEN": settings.worker_token.get_secret_value()} if settings.worker_token else {}


def environment(settings: Settings) -> dict[str, str]:
    """Variables for all three processes."""
    import os

    from pegbox.settings import local_url

    token = {"PEGBOX_WORKER_TOKEN": settings.worker_token.get_secret_value()} if settings.worker_token else {}
    return {
        **token,
        **os.environ,
        "PEGBOX_HOME": str(settings.home),
        "PEGBOX_HOST": settings.host,
        "PEGBOX_PORT": str(settings.port),
        "PEGBOX_MONITOR_PORT": str(settings.monitor_port),
        "PEGBOX_URL": local_url(settings.host, settings.port),
        "PEGBOX_MONITOR_URL": local_url(settings.host, settings.monitor_port),
    }


def refuse_taken_ports(settings: Settings) -> None:
    """Raises ConflictError when a port is in use."""
    import socket

    from pegbox.errors import ConflictError

    for option, port in (("--port", settings.port), ("--monitor-port", settings.monitor_port)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise ConflictError(
                    f"Cannot listen on {settings.host} port {port} ({error.strerror}). "
                    f"Stop the program that uses it, or choose another: pegbox up {option} {port + 10}"
                ) from error


def lock_home(home: Path):  # type: ignore[no-untyped-def]
    """Locks the data folder in a context. Raises ConflictError when another `pegbox up` uses the folder."""
    import contextlib
    import fcntl

    from pegbox.errors import ConflictError

    @contextlib.contextmanager
    def locked():  # type: ignore[no-untyped-def]
        with (home / "up.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(
                    f"Another `pegbox up` uses the data folder {home}; stop it, or choose another folder with --home"
                ) from None
            yield

    return locked()
