"""One of the two services under `pegbox up`: `python -m pegbox.cli.serve backend|monitor HOST PORT`."""

from __future__ import annotations

import gc
import os
import sys

# Nothing that is loaded becomes garbage; looking for it meanwhile is a seventh of the start. The server turns it on again.
gc.disable()

# A service that waits should be small. FastAPI loads Pydantic 1 to ask of every model whether it belongs to that, uvicorn
# watchfiles in case somebody wants to reload; both take an ImportError for a no. Pydantic reads the metadata of every
# installed package to find plugins, of which Pegbox has none.
sys.modules["pydantic.v1"] = sys.modules["watchfiles"] = None  # type: ignore[assignment]
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import uvicorn  # noqa: E402

from pegbox.web.server import Server  # noqa: E402
from pegbox.worker.processes.parent import die_with_parent  # noqa: E402

STARTUP_FAILED = 3
SERVICES = ("backend", "monitor")


def main(service: str, host: str, port: int) -> None:
    """Serves until SIGTERM; ends with the supervisor, however that ends."""
    die_with_parent()
    config = uvicorn.Config(
        f"{service}.app:from_environment",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        # The default WebSocket implementation rests on an interface that websockets has deprecated.
        ws="websockets-sansio",
        # Live messages are small and go to many: compressing one anew for each viewer costs more than sending it.
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
