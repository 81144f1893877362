"""What can be done with API tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import cast

from sqlmodel import Session

from backend.accounts import repository, users
from pegbox.errors import ConflictError, NotFoundError, PermissionDeniedError, ValidationError
from pegbox.schemas.account import ApiTokenCreate, ApiTokenCreated, ApiTokenPage, ApiTokenView, Principal, Role, may
from pegbox.store.database import begin_write
from pegbox.store.tables import ApiToken, User, now
from pegbox.web.access.credentials import API_TOKEN_PREFIX, hash_secret

ID_BYTES, SECRET_BYTES = 6, 32
MOST_LIVE = 100
"""Tokens of one user that were not revoked."""


def create_token(db: Session, caller: Principal, body: ApiTokenCreate) -> ApiTokenCreated:
    """For the caller, or for the user that an admin names. The secret is in the answer and nowhere else.

    Raises `PermissionDeniedError` for somebody else's, `ValidationError` for more than the owner may do, `ConflictError` for too
    many.
    """
    owner = _owner(db, caller, body.user)
    own = cast(Role, owner.role)
    # Whoever may do less at this moment (a capped token) cannot make one that may do more.
    most = own if caller.user_id is None or caller.user_id != owner.id else caller.role
    role = body.role or most
    if not may(most, role):
        raise ValidationError(
            f"role: a token of '{owner.name}' can be at most {most}", errors=[{"loc": ["body", "role"], "msg": role}]
        )
    begin_write(db)
    if repository.count_live_api_tokens(db, owner.id) >= MOST_LIVE:
        raise ConflictError(f"'{owner.name}' has {MOST_LIVE} tokens; revoke one first")
    secret = secrets.token_hex(SECRET_BYTES)
    moment = now()
    token = ApiToken(
        id=secrets.token_hex(ID_BYTES),
        user_id=owner.id,
        name=body.name,
        secret_hash=hash_secret(secret),
        role=role,
        created_at=moment,
        expires_at=None if body.expires_in_days is None else moment + timedelta(days=body.expires_in_days),
    )
    db.add(token)
    db.commit()
    shown = show_token(token, owner)
    return ApiTokenCreated(**shown.model_dump(), token=f"{API_TOKEN_PREFIX}{token.id}_{secret}")


def list_tokens(db: Session, caller: Principal, user: str | None, *, limit: int, offset: int) -> ApiTokenPage:
    """The caller's, those of the user that an admin names, or all that an admin asks for with `*`."""
    if user == "*" or (user is None and caller.user_id is None):
        _must_be_admin(caller)
        user_id = None
    else:
        user_id = _owner(db, caller, user).id
    found, total = repository.list_api_tokens(db, user_id, limit=limit, offset=offset)
    return ApiTokenPage(tokens=[show_token(*pair) for pair in found], total=total, limit=limit, offset=offset)


def revoke_token(db: Session, caller: Principal, token_id: str) -> ApiTokenView:
    """One's own, or anybody's by an admin. Raises `NotFoundError`, also for one that the caller may not know of."""
    begin_write(db)
    found = repository.find_api_token(db, token_id)
    if found is None or (found[0].user_id != caller.user_id and caller.role != "admin"):
        raise NotFoundError(f"Token not found: {token_id}")
    token, owner = found
    token.revoked_at = token.revoked_at or now()
    db.add(token)
    db.commit()
    return show_token(token, owner)


def show_token(token: ApiToken, owner: User) -> ApiTokenView:
    """Without its secret."""
    return ApiTokenView(
        id=token.id,
        name=token.name,
        prefix=f"{API_TOKEN_PREFIX}{token.id}",
        user=owner.name,
        role=cast(Role, token.role),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
    )


def _owner(db: Session, caller: Principal, name: str | None) -> User:
    if name is not None and name.lower() != caller.name:
        _must_be_admin(caller)
        return users.get_user(db, name)
    user = users.find_user_by_id(db, caller.user_id or "")
    if user is None:
        raise ValidationError(
            "user: say whose token it shall be, or sign in as a user", errors=[{"loc": ["body", "user"], "msg": ""}]
        )
    return user


def _must_be_admin(caller: Principal) -> None:
    if caller.role != "admin":
        raise PermissionDeniedError("Tokens of others take the role admin")
