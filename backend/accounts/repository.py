"""Queries on users, logins and API tokens."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, delete, func, select, update

from pegbox.store.tables import ApiToken, Login, User


def find_login(db: Session, login_id: str) -> Login | None:
    """Locks the row until the caller commits."""
    return db.exec(select(Login).where(col(Login.id) == login_id).with_for_update()).first()


def revoke_logins_of(db: Session, user_id: str, at: datetime, *, but: str | None = None) -> None:
    """Revokes all active logins of a user except `but`. The caller commits."""
    query = update(Login).where(col(Login.user_id) == user_id, col(Login.revoked_at).is_(None))
    if but is not None:
        query = query.where(col(Login.id) != but)
    db.exec(query.values(revoked_at=at))


def remove_ended_before(db: Session, moment: datetime) -> None:
    """Deletes logins that expired before the moment. The caller commits."""
    db.exec(delete(Login).where(col(Login.expires_at) < moment))


def find_user(db: Session, name: str, *, lock: bool = False) -> User | None:
    """By name, case-insensitive. `lock` locks the row until the caller commits."""
    query = select(User).where(col(User.name) == name.lower())
    return db.exec(query.with_for_update() if lock else query).first()


def list_users(db: Session, *, limit: int, offset: int) -> tuple[list[User], int]:
    """(a page sorted by name, total number of users)"""
    query = select(User).order_by(col(User.name)).limit(limit).offset(offset)
    return list(db.exec(query).all()), count_users(db)


def count_users(db: Session) -> int:
    """Number of users, disabled ones included."""
    return int(db.exec(select(func.count()).select_from(User)).one())


def count_other_admins(db: Session, user: User) -> int:
    """Number of enabled admins besides this user."""
    others = (col(User.role) == "admin", col(User.disabled).is_(False), col(User.id) != user.id)
    return int(db.exec(select(func.count()).select_from(User).where(*others)).one())


def find_api_token(db: Session, token_id: str) -> tuple[ApiToken, User] | None:
    """The token and its user."""
    query = select(ApiToken, User).join(User, col(User.id) == col(ApiToken.user_id)).where(col(ApiToken.id) == token_id)
    return db.exec(query).first()


def list_api_tokens(
    db: Session, user_id: str | None, *, limit: int, offset: int
) -> tuple[list[tuple[ApiToken, User]], int]:
    """(a page of tokens with their users, newest first; total number), of one user or of all."""
    conditions = [] if user_id is None else [col(ApiToken.user_id) == user_id]
    query = select(ApiToken, User).join(User, col(User.id) == col(ApiToken.user_id)).where(*conditions)
    newest = (col(ApiToken.created_at).desc(), col(ApiToken.id))
    found = db.exec(query.order_by(*newest).limit(limit).offset(offset)).all()
    total = db.exec(select(func.count()).select_from(ApiToken).where(*conditions)).one()
    return list(found), int(total)


def count_live_api_tokens(db: Session, user_id: str) -> int:
    """Number of the user's tokens that are not revoked."""
    query = select(func.count()).select_from(ApiToken)
    return int(db.exec(query.where(col(ApiToken.user_id) == user_id, col(ApiToken.revoked_at).is_(None))).one())
