"""Runs one service for `pegbox up`: `python -m pegbox.cli.serve backend|monitor HOST PORT`."""

from __future__ import annotations

import gc
import os
import sys

# Imports create no garbage, and collection takes a seventh of the startup time. The server enables collection again.
gc.disable()

# Saves memory. FastAPI imports Pydantic 1 to support its models and uvicorn imports watchfiles to support reloading; both handle
# an ImportError. Pydantic reads the metadata of every installed package to find plugins, which Pegbox does not have.
sys.modules["pydantic.v1"] = sys.modules["watchfiles"] = None  # type: ignore[assignment]
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import uvicorn  # noqa: E402

from pegbox.web.server import Server  # noqa: E402
from pegbox.worker.processes.parent import die_with_parent  # noqa: E402

STARTUP_FAILED = 3
SERVICES = ("backend", "monitor")


def main(service: str, host: str, port: int) -> None:
    """Serves until SIGTERM or until the supervisor ends."""
    die_with_parent()
    config = uvicorn.Config(
        f"{service}.app:from_environment",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        # The default WebSocket implementation uses a deprecated interface of websockets.
        ws="websockets-sansio",
        # Live messages are small and sent to many viewers: compression for each of them costs more than it saves.
        ws_per_message_deflate=False,
        ws_ping_interval=10,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILED)


if __name__ == "__main__":
    name, address, number = sys.argv[1:4]
    if name not in SERVICES:
        sys.exit(f"no such service: {name}")
    main(name, address, int(number))
