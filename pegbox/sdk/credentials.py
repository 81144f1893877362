"""Tokens saved by `pegbox login`, keyed by backend address, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pegbox.sdk.environment import home_folder

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Credential:
    """A token with its user, the id needed to revoke it, and the address of the monitor that accepts it as well."""

    user: str
    token_id: str
    token: str
    monitor_url: str


def token_for(address: str) -> str | None:
    """`PEGBOX_TOKEN`, else the token saved for the backend or monitor at this address, else `None`."""
    given = os.environ.get("PEGBOX_TOKEN")
    if given:
        return given
    address = address.rstrip("/")
    for backend, credential in load_credentials().items():
        if address in (backend, credential.monitor_url):
            return credential.token
    return None


def load_credentials() -> dict[str, Credential]:
    """All saved credentials by backend address; empty when the file is missing or damaged."""
    try:
        saved = json.loads(credentials_file().read_text("utf-8"))
        return {str(address): Credential(**fields) for address, fields in saved.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_credential(backend: str, credential: Credential) -> None:
    """Saves a credential; replaces an earlier one for the same address."""
    _write({**load_credentials(), backend: credential})


def delete_credential(backend: str) -> None:
    """Deletes the credential of an address; does nothing when there is none."""
    _write({address: credential for address, credential in load_credentials().items() if address != backend})


def credentials_file() -> Path:
    """`credentials.json` in the data folder."""
    return home_folder() / "credentials.json"


def _write(credentials: dict[str, Credential]) -> None:
    file = credentials_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    with open(unfinished, "w", encoding="utf-8", opener=_open_for_owner) as handle:
        json.dump({address: asdict(credential) for address, credential in credentials.items()}, handle, indent=2)
    unfinished.replace(file)


def _open_for_owner(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
