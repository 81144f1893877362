"""`pegbox login` and `pegbox logout`: an API token for a server, saved for all programs on this machine."""

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
    from pegbox.sdk.client import Client
    from pegbox.sdk.credentials import Credential, credentials_file, load_credentials, save_credential

    name = user or str(typer.prompt("User"))
    with Client(url, "") as client:
        answer = client.request("POST", "/api/auth/login", json={"username": name, "password": ask_password()})
        session = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        wanted = {"name": f"pegbox login on {socket.gethostname()}", "expires_in_days": days}
        made = client.request("POST", "/api/tokens", json=wanted, headers=session).json()
        client.request("POST", "/api/auth/logout", headers=session)
    earlier = load_credentials().get(client.url)
    save_credential(client.url, Credential(made["user"], made["id"], made["token"], client.monitor_url))
    if earlier:
        _revoke(client.url, made["token"], earlier.token_id)
    typer.echo(f"Signed in to {client.url} as {made['user']} ({made['role']}).")
    typer.echo(
        f"Scripts, workers and commands here use the token in {credentials_file()}; PEGBOX_TOKEN goes before it."
    )


def logout(url: Url = None) -> None:
    """Take back the token that `pegbox login` keeps, and forget it."""
    from pegbox.errors import NotFoundError
    from pegbox.sdk.credentials import delete_credential, load_credentials
    from pegbox.sdk.environment import backend_url

    backend = backend_url(url)
    credential = load_credentials().get(backend)
    if credential is None:
        raise NotFoundError(f"Nobody is signed in to {backend} from here")
    delete_credential(backend)
    is_revoked = _revoke(backend, credential.token, credential.token_id)
    typer.echo(
        f"Signed out of {backend}."
        if is_revoked
        else f"The token for {backend} is forgotten here, but not revoked there."
    )


def _revoke(backend: str, token: str, token_id: str) -> bool:
    """Revokes a token. False when the service does not respond or does not know the token."""
    from pegbox.errors import PegboxError
    from pegbox.sdk.client import Client

    try:
        with Client(backend, token) as client:
            client.request("DELETE", f"/api/tokens/{token_id}")
    except PegboxError:
        return False
    return True
