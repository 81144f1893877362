"""Sign-in, token refresh and sign-out."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from backend.accounts import repository, users
from backend.accounts.sign_in_context import SignInContext
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
"""Does not say which of the two, so that names cannot be probed."""


def check_password(db: Session, context: SignInContext, name: str, password: str, address: str) -> User:
    """The user with this name and password. Raises `AuthenticationError`, `TooManyRequestsError` after too many failures.

    An unknown name takes as long as a wrong password: about 0.1 s of CPU time. Call it in one of `context.threads`.
    """
    name = name.strip().lower()
    context.limiter.hit(name, address)
    user = users.find_user(db, name)
    db.commit()  # releases the connection while the password is hashed
    is_right, renewed = context.passwords.verify(password, user.password_hash if user else None)
    if user is None or not is_right or user.disabled:
        raise AuthenticationError(WRONG)
    context.limiter.reset(name, address)
    begin_write(db)
    if renewed is not None:
        user.password_hash = renewed
    user.last_login_at = now()
    db.add(user)
    db.commit()
    return user


def sign_in(db: Session, context: SignInContext, name: str, password: str, address: str) -> TokenPair:
    """An access and a refresh token, for programs. Raises the errors of `check_password`."""
    user = check_password(db, context, name, password, address)
    return _pair(context, _begin(db, address, REFRESH_DAYS, user_id=user.id, refresh_id=new_token_id()))


def sign_in_browser(db: Session, context: SignInContext, name: str, password: str, address: str) -> str:
    """The value of the session cookie. Raises the errors of `check_password`."""
    user = check_password(db, context, name, password, address)
    return browser_token(context, _begin(db, address, BROWSER_DAYS, user_id=user.id))


def sign_in_with_token(db: Session, context: SignInContext, token: str, address: str) -> tuple[str, str]:
    """(value of the session cookie, name of the principal) for the shared token or an API token. The cookie does not contain
    the token.

    Raises `AuthenticationError` for a wrong token, `TooManyRequestsError` after too many failures.
    """
    context.limiter.hit("", address)
    principal = context.authenticator.principal_of(token, context.identities)
    context.limiter.reset("", address)
    login = _begin(
        db,
        address,
        BROWSER_DAYS,
        user_id=principal.user_id,
        api_token_id=principal.api_token_id,
        shared_mark=context.authenticator.signer.fingerprint(token) if principal.via == "shared" else None,
    )
    return browser_token(context, login), principal.name


def browser_token(context: SignInContext, login: Login) -> str:
    """The signed token for the session cookie; it expires with the login."""
    seconds = max(1, int((login.expires_at - now()).total_seconds()))
    return context.authenticator.signer.issue("browser", f"login:{login.id}", seconds)


def refresh(db: Session, context: SignInContext, token: str) -> TokenPair:
    """Rotates the pair of tokens. A refresh token that was used before is treated as stolen: the login is revoked.

    Raises `AuthenticationError`.
    """
    claims = context.authenticator.signer.read(token, "refresh")
    begin_write(db)
    login = repository.find_login(db, claims.subject.removeprefix("login:"))
    if login is None or login.revoked_at is not None or login.expires_at <= now():
        raise AuthenticationError("The login is over: sign in again")
    if login.refresh_id != claims.token_id:
        _revoke(db, context, login)
        raise AuthenticationError("The refresh token was used before: the login is over, sign in again")
    user = users.find_user_by_id(db, login.user_id or "")
    if user is None or user.disabled:
        raise AuthenticationError(INVALID)
    login.refresh_id = new_token_id()
    db.add(login)
    db.commit()
    return _pair(context, login)


def sign_out(db: Session, context: SignInContext, login_id: str | None) -> None:
    """Revokes the login: its cookie, access and refresh tokens and tickets become invalid."""
    if login_id is None:
        return
    begin_write(db)
    if login := repository.find_login(db, login_id):
        _revoke(db, context, login)


def issue_ticket(context: SignInContext, principal: Principal) -> Ticket:
    """A ticket that opens WebSockets and event streams as this principal, for a minute."""
    signer, subject = context.authenticator.signer, context.authenticator.subject_of(principal)
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


def _pair(context: SignInContext, login: Login) -> TokenPair:
    signer, subject = context.authenticator.signer, f"login:{login.id}"
    left = int((login.expires_at - now()).total_seconds())
    return TokenPair(
        access_token=signer.issue("access", subject, ACCESS_SECONDS),
        refresh_token=signer.issue("refresh", subject, max(left, 1), login.refresh_id),
        expires_in=ACCESS_SECONDS,
    )


def _revoke(db: Session, context: SignInContext, login: Login) -> None:
    login.revoked_at = login.revoked_at or now()
    db.add(login)
    db.commit()
    context.identities.forget()
