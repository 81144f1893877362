"""Direct access to the accounts in the database of a data folder, for `pegbox user` and `pegbox token`.

The first admin must be created without a service, and the owner of the data folder has full access to the accounts anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlmodel import Session

    from backend.accounts.sign_in_context import SignInContext
    from pegbox.schemas.account import Principal


@contextmanager
def open_accounts() -> Iterator[tuple[Session, SignInContext]]:
    """A database session, and the context for changes of accounts."""
    from backend.accounts.sign_in_context import SignInContext
    from pegbox.settings import Settings
    from pegbox.store.database import open_engine, open_session, upgrade
    from pegbox.web.access.authentication import Authenticator
    from pegbox.web.access.identities import Identities

    settings = Settings()
    engine = open_engine(settings)
    try:
        upgrade(engine, settings)
        with open_session(engine) as db:
            yield db, SignInContext(Authenticator(settings), Identities(engine))
    finally:
        engine.dispose()


def caller() -> Principal:
    """The principal of the command line: the user of this shell, as an admin."""
    import getpass

    from pegbox.schemas.account import Principal

    return Principal(f"{getpass.getuser()} (command line)", "admin", "command")


def record(db: Session, action: str, target: str) -> None:
    """Adds an action of the command line to the audit log."""
    from backend.audit import service
    from pegbox.store.tables import AuditEntry

    actor = caller()
    service.record(db, AuditEntry(actor=actor.name, via=actor.via, action=action, target=target))


def validate(model: type[Any], **values: Any) -> Any:
    """Validates values as the API does. Raises `ValidationError` with the first error."""
    import pydantic

    from pegbox.errors import ValidationError

    try:
        return model(**{name: value for name, value in values.items() if value is not None})
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValidationError(f"{where}: {str(first['msg']).removeprefix('Value error, ')}") from None
