"""`pegbox user`: accounts in this data folder."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pegbox.cli.accounts.password import ask_password
from pegbox.cli.output import AsJson, print_json, print_table

commands = typer.Typer(help="Make and change accounts.", no_args_is_help=True, rich_markup_mode=None)


class RoleName(StrEnum):
    """The values of `pegbox.schemas.account.Role`."""

    viewer = "viewer"
    maintainer = "maintainer"
    admin = "admin"


class TierName(StrEnum):
    """The values of `pegbox.schemas.account.Tier`."""

    standard = "standard"
    premium = "premium"


Name = Annotated[str, typer.Argument(help="The user's name.")]
LISTED = 10_000


@commands.command()
def add(
    name: Name,
    role: Annotated[RoleName, typer.Option(help="What the user may do.")] = RoleName.viewer,
    tier: Annotated[TierName, typer.Option(help="How many requests the user may send.")] = TierName.standard,
) -> None:
    """Add a user. Asks for the password; reads it from stdin when that is no terminal."""
    from backend.accounts import users
    from pegbox.cli.accounts.local_accounts import open_accounts, record, validate
    from pegbox.schemas.account import UserCreate

    body = validate(UserCreate, name=name, password=ask_password(is_new=True), role=role.value, tier=tier.value)
    with open_accounts() as (db, context):
        user = users.create_user(db, context.passwords, body)
        record(db, "create_user", user.name)
    typer.echo(f"{user.name} may sign in now, as {user.role}")


@commands.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the users."""
    from backend.accounts import users
    from pegbox.cli.accounts.local_accounts import open_accounts

    with open_accounts() as (db, _):
        found = [user.model_dump(mode="json") for user in users.list_users(db, limit=LISTED, offset=0).users]
    if as_json:
        print_json(found)
        return
    for user in found:
        user["state"] = "disabled" if user["disabled"] else "active"
    columns = {"name": "NAME", "role": "ROLE", "tier": "TIER", "state": "STATE", "last_login_at": "LAST SIGN-IN"}
    print_table(found, columns, empty="No user yet: pegbox user add NAME --role admin")


@commands.command()
def disable(name: Name, undo: Annotated[bool, typer.Option("--undo", help="Let the user in again.")] = False) -> None:
    """End a user's logins and keep the user out, API tokens included."""
    _change("disable_user" if not undo else "enable_user", name, disabled=not undo)
    typer.echo(f"{name} may {'sign in again' if undo else 'not sign in any more'}")


@commands.command()
def password(name: Name) -> None:
    """Set a new password; ends the user's logins."""
    _change("change_password", name, password=ask_password(is_new=True))
    typer.echo(f"{name} has a new password")


@commands.command()
def role(name: Name, role: Annotated[RoleName, typer.Argument(help="What the user may do from now on.")]) -> None:
    """Change what a user may do."""
    _change("change_role", name, role=role.value)
    typer.echo(f"{name} is {role.value} now")


def _change(action: str, name: str, **changes: str | bool) -> None:
    from backend.accounts import users
    from pegbox.cli.accounts.local_accounts import open_accounts, record, validate
    from pegbox.schemas.account import UserUpdate

    body = validate(UserUpdate, **changes)
    with open_accounts() as (db, context):
        user = users.update_user(db, context, name, body)
        record(db, action, user.name)
