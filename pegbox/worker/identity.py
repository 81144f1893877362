"""The identity of a worker, and the addresses of the services."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class WorkerIdentity:
    """One per worker process; the id is never used again."""

    home: Path
    monitor_url: str
    token: str | None = None
    hostname: str = field(default_factory=socket.gethostname)
    nonce: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def worker_id(self) -> str:
        """`<host>-<process id>-<random>`. The random part tells containers apart: host and process id repeat at every start."""
        return f"{self.hostname[:80]}-{os.getpid()}-{self.nonce}"
