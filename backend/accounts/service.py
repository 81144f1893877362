"""Who signs in, stays signed in, and signs out."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from backend.accounts import repository, users
from backend.accounts.sign_in_context import Door
from pegbox.errors import AuthenticationError
from pegbox.schemas.account import Principal, Ticket, TokenPair
from pegbox.store.database import begin_write
from pegbox.store.tables import Login, User, now
from pegbox.web.access.signing import INVALID, new_token_id

ACCESS_SECONDS = 3600
REFRESH_DAYS = 30
BROWSER_DAYS = 7
TICKET_SECONDS = 60
KEPT_AFTER_END = timedelta(days=30)

WRONG = "The user name or the password is wrong"
"""Never which of the two."""


def check_password(db: Session, door: Door, name: str, password: str, address: str) -> User:
    """The user with this password. Raises AuthenticationError, or TooManyRequestsError after too many wrong ones.

    An unknown name takes as long as a wrong password. Takes a tenth of a second of work: call it in one of `door.threads`.
    """
    name = name.strip().lower()
    door.attempts.begin(name, address)
    user = users.find_user(db, name)
    db.commit()  # nothing is held while the password is hashed
    is_right, renewed = door.passwords.verify(password, user.password_hash if user else None)
    if user is None or not is_right or user.disabled:
        raise AuthenticationError(WRONG)
    door.attempts.succeeded(name, address)
    begin_write(db)
    if renewed is not None:
        user.password_hash = renewed
    user.last_login_at = now()
    db.add(user)
    db.commit()
    return user


def sign_in(db: Session, door: Door, name: str, password: str, address: str) -> TokenPair:
    """For programs: a pair of tokens. Raises as `check_password`."""
    user = check_password(db, door, name, password, address)
    return _pair(door, _begin(db, address, REFRESH_DAYS, user_id=user.id, refresh_id=new_token_id()))


def sign_in_browser(db: Session, door: Door, name: str, password: str, address: str) -> str:
    """The value of the cookie. Raises as `check_password`."""
    user = check_password(db, door, name, password, address)
    return browser_token(door, _begin(db, address, BROWSER_DAYS, user_id=user.id))


def sign_in_with_token(db: Session, door: Door, token: str, address: str) -> tuple[str, str]:
    """The value of the cookie for whom the shared or an API token stands for, and their name; the token itself stays out of it.

    Raises AuthenticationError for a wrong token, TooManyRequestsError after too many.
    """
    door.attempts.begin("", address)
    principal = door.authenticator.principal_of(token, door.identities)
    door.attempts.succeeded("", address)
    login = _begin(
        db,
        address,
        BROWSER_DAYS,
        user_id=principal.user_id,
        api_token_id=principal.api_token_id,
        shared_mark=door.authenticator.signer.mark(token) if principal.via == "shared" else None,
    )
    return browser_token(door, login), principal.name


def browser_token(door: Door, login: Login) -> str:
    """What the cookie holds; it ends with the login."""
    seconds = max(1, int((login.expires_at - now()).total_seconds()))
    return door.authenticator.signer.issue("browser", f"login:{login.id}", seconds)


def refresh(db: Session, door: Door, token: str) -> TokenPair:
    """The next pair, once per refresh token. An older one was stolen, by whoever used it first or now: the login ends.

    Raises AuthenticationError.
    """
    claims = door.authenticator.signer.read(token, "refresh")
    begin_write(db)
    login = repository.find_login(db, claims.subject.removeprefix("login:"))
    if login is None or login.revoked_at is not None or login.expires_at <= now():
        raise AuthenticationError("The login is over: sign in again")
    if login.refresh_id != claims.token_id:
        _revoke(db, door, login)
        raise AuthenticationError("The refresh token was used before: the login is over, sign in again")
    user = users.find_user_by_id(db, login.user_id or "")
    if user is None or user.disabled:
        raise AuthenticationError(INVALID)
    login.refresh_id = new_token_id()
    db.add(login)
    db.commit()
    return _pair(door, login)


def sign_out(db: Session, door: Door, login_id: str | None) -> None:
    """Ends the login: its cookie, access and refresh tokens and tickets count no more."""
    if login_id is None:
        return
    begin_write(db)
    if login := repository.find_login(db, login_id):
        _revoke(db, door, login)


def issue_ticket(door: Door, principal: Principal) -> Ticket:
    """Opens a WebSocket or an event stream as this principal, for a minute."""
    signer, subject = door.authenticator.signer, door.authenticator.subject_of(principal)
    return Ticket(ticket=signer.issue("ticket", subject, TICKET_SECONDS), expires_in=TICKET_SECONDS)


def _begin(
    db: Session,
    address: str,
    days: int,
    *,
    user_id: str | None,
    api_token_id: str | None = None,
    shared_mark: str | None = None,
    refresh_id: str | None = None,
) -> Login:
    moment = now()
    login = Login(
        id=new_token_id(),
        user_id=user_id,
        api_token_id=api_token_id,
        shared_mark=shared_mark,
        refresh_id=refresh_id,
        address=address,
        created_at=moment,
        expires_at=moment + timedelta(days=days),
    )
    begin_write(db)
    repository.remove_ended_before(db, moment - KEPT_AFTER_END)
    db.add(login)
    db.commit()
    return login


def _pair(door: Door, login: Login) -> TokenPair:
    signer, subject = door.authenticator.signer, f"login:{login.id}"
    left = int((login.expires_at - now()).total_seconds())
    return TokenPair(
        access_token=signer.issue("access", subject, ACCESS_SECONDS),
        refresh_token=signer.issue("refresh", subject, max(left, 1), login.refresh_id),
        expires_in=ACCESS_SECONDS,
    )


def _revoke(db: Session, door: Door, login: Login) -> None:
    login.revoked_at = login.revoked_at or now()
    db.add(login)
    db.commit()
    door.identities.forget()
