"""The tokens that `pegbox login` keeps, by the address that they open, in a file that only its owner reads."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Credential:
    """One token: of whom, its id for taking it back, and where the monitor of the same Pegbox is."""

    user: str
    token_id: str
    token: str
    monitor_url: str


def token_for(address: str) -> str | None:
    """`PEGBOX_TOKEN`, else the token kept for the service at this address (either one), else none."""
    given = os.environ.get("PEGBOX_TOKEN")
    if given:
        return given
    address = address.rstrip("/")
    for backend, kept in read().items():
        if address in (backend, kept.monitor_url):
            return kept.token
    return None


def read() -> dict[str, Credential]:
    """All that are kept, by the backend's address; none when the file is missing or damaged."""
    try:
        found = json.loads(path().read_text("utf-8"))
        return {str(address): Credential(**kept) for address, kept in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def keep(backend: str, credential: Credential) -> None:
    """Remembers a token, in place of an earlier one for the same address."""
    _write({**read(), backend: credential})


def forget(backend: str) -> None:
    _write({address: kept for address, kept in read().items() if address != backend})


def path() -> Path:
    """`credentials.json` in `PEGBOX_HOME`, else in `~/.pegbox`."""
    from pegbox.sdk.recording.current import home_folder  # noqa: PLC0415

    return home_folder(None) / "credentials.json"


def _write(credentials: dict[str, Credential]) -> None:
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    with open(unfinished, "w", encoding="utf-8", opener=_for_the_owner) as handle:
        json.dump({address: asdict(kept) for address, kept in credentials.items()}, handle, indent=2)
    unfinished.replace(file)


def _for_the_owner(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
