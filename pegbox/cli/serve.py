"""One of the two services under `pegbox up`: `python -m pegbox.cli.serve backend|monitor HOST PORT`."""

from __future__ import annotations

import sys

import uvicorn

from pegbox.trainer.parent import die_with_parent

SERVICES = ("backend", "monitor")


def main(service: str, host: str, port: int) -> None:
    """Serves until SIGTERM; ends with the supervisor, however that ends."""
    die_with_parent()
    uvicorn.run(
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


if __name__ == "__main__":
    name, address, number = sys.argv[1:4]
    if name not in SERVICES:
        sys.exit(f"no such service: {name}")
    main(name, address, int(number))
