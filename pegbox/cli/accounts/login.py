"""`pegbox login` and `pegbox logout`: a token of one's own for a Pegbox, kept for whatever runs here."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Argument(metavar="[URL]", help="Where the backend is; PEGBOX_URL, else this machine's, when left out."),
]


def login(
    url: Url = None,
    user: Annotated[str | None, typer.Option(help="Your name there; asked for when left out.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days until the token expires; never by default.")
    ] = None,
) -> None:
    """Sign in to a Pegbox. Asks for the password, or reads it from stdin; keeps an API token, not the password."""
    import socket

    from pegbox.cli.accounts.password import ask_password
    from pegbox.sdk import credentials
    from pegbox.sdk.base_client import Address
    from pegbox.sdk.client import Client

    address = Address(url, "", None)
    name = user or str(typer.prompt("User"))
    with Client(address.backend, "") as client:
        answer = client.request("POST", "/api/auth/login", json={"username": name, "password": ask_password()})
        session = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        wanted = {"name": f"pegbox login on {socket.gethostname()}", "expires_in_days": days}
        made = client.request("POST", "/api/tokens", json=wanted, headers=session).json()
        client.request("POST", "/api/auth/logout", headers=session)
    earlier = credentials.read().get(address.backend)
    credentials.keep(
        address.backend,
        credentials.Credential(made["user"], made["id"], made["token"], address.monitor),
    )
    if earlier:
        _revoke(address.backend, made["token"], earlier.token_id)
    typer.echo(f"Signed in to {address.backend} as {made['user']} ({made['role']}).")
    typer.echo(
        f"Scripts, workers and commands here use the token in {credentials.path()}; PEGBOX_TOKEN goes before it."
    )


def logout(url: Url = None) -> None:
    """Take back the token that `pegbox login` keeps, and forget it."""
    from pegbox.errors import NotFoundError
    from pegbox.sdk import credentials
    from pegbox.sdk.base_client import Address

    backend = Address(url, "", None).backend
    kept = credentials.read().get(backend)
    if kept is None:
        raise NotFoundError(f"Nobody is signed in to {backend} from here")
    credentials.forget(backend)
    is_revoked = _revoke(backend, kept.token, kept.token_id)
    typer.echo(
        f"Signed out of {backend}."
        if is_revoked
        else f"The token for {backend} is forgotten here, but not revoked there."
    )


def _revoke(backend: str, token: str, token_id: str) -> bool:
    """Whether the service has taken the token back; one that is away or knows it no longer has not."""
    from pegbox.errors import PegboxError
    from pegbox.sdk.client import Client

    try:
        with Client(backend, token) as client:
            client.request("DELETE", f"/api/tokens/{token_id}")
    except PegboxError:
        return False
    return True
