"""`pegbox token`: API tokens in this data folder."""

from __future__ import annotations

from typing import Annotated

import typer

from pegbox.cli.accounts.user import LISTED, RoleName
from pegbox.cli.output import AsJson, print_json, print_table

commands = typer.Typer(
    help="Make and revoke API tokens, for PEGBOX_TOKEN of scripts and workers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    user: Annotated[str, typer.Option(help="Whose it is.")],
    role: Annotated[RoleName | None, typer.Option(help="The most it may do.  [default: as its user]")] = None,
    days: Annotated[int | None, typer.Option(help="How long it is good for.  [default: for ever]")] = None,
) -> None:
    """Make a token and print it. It can be read this once."""
    from backend.accounts import api_tokens
    from pegbox.cli.accounts.local_accounts import caller, open_accounts, record, validate
    from pegbox.schemas.account import ApiTokenCreate

    body = validate(ApiTokenCreate, name=name, user=user, role=role.value if role else None, expires_in_days=days)
    with open_accounts() as (db, _):
        made = api_tokens.create_token(db, caller(), body)
        record(db, "create_token", made.prefix)
    typer.echo(made.token)


@commands.command("list")
def list_tokens(user: Annotated[str, typer.Option(help="Only this user's.")] = "*", as_json: AsJson = False) -> None:
    """List the tokens, without their secrets."""
    from backend.accounts import api_tokens
    from pegbox.cli.accounts.local_accounts import caller, open_accounts

    with open_accounts() as (db, _):
        page = api_tokens.list_tokens(db, caller(), user, limit=LISTED, offset=0)
    found = [token.model_dump(mode="json") for token in page.tokens]
    if as_json:
        print_json(found)
        return
    for token in found:
        token["state"] = "revoked" if token["revoked_at"] else "live"
    columns = {"id": "ID", "name": "NAME", "user": "USER", "role": "ROLE", "state": "STATE"}
    columns |= {"expires_at": "EXPIRES", "last_used_at": "LAST USED"}
    print_table(found, columns, empty="No token yet: pegbox token create NAME --user USER")


@commands.command()
def revoke(token_id: Annotated[str, typer.Argument(help="Its id, as `pegbox token list` shows it.")]) -> None:
    """Make a token useless."""
    from backend.accounts import api_tokens
    from pegbox.cli.accounts.local_accounts import caller, open_accounts, record

    with open_accounts() as (db, _):
        revoked = api_tokens.revoke_token(db, caller(), token_id.removeprefix("pb_"))
        record(db, "revoke_token", revoked.prefix)
    typer.echo(f"{revoked.name} of {revoked.user} is revoked")
