"""Operations on API tokens."""

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
MAX_ACTIVE = 100
"""Tokens per user that are not revoked."""


def create_token(db: Session, caller: Principal, body: ApiTokenCreate) -> ApiTokenCreated:
    """Creates a token for the caller, or for the user that an admin names. Only the answer contains the secret.

    Raises `PermissionDeniedError` for another user's token, `ValidationError` for a role above the owner's, `ConflictError` for
    too many tokens.
    """
    owner = _owner(db, caller, body.user)
    own = cast(Role, owner.role)
    # A caller with a token of a lower role cannot create a token with a higher one.
    highest = own if caller.user_id is None or caller.user_id != owner.id else caller.role
    role = body.role or highest
    if not may(highest, role):
        raise ValidationError(
            f"role: a token of '{owner.name}' can be at most {highest}", errors=[{"loc": ["body", "role"], "msg": role}]
        )
    begin_write(db)
    if repository.count_live_api_tokens(db, owner.id) >= MAX_ACTIVE:
        raise ConflictError(f"'{owner.name}' has {MAX_ACTIVE} tokens; revoke one first")
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
    """Tokens of the caller or of the user that an admin names; `*` lists all, for admins."""
    if user == "*" or (user is None and caller.user_id is None):
        _require_admin(caller)
        user_id = None
    else:
        user_id = _owner(db, caller, user).id
    found, total = repository.list_api_tokens(db, user_id, limit=limit, offset=offset)
    return ApiTokenPage(tokens=[show_token(*pair) for pair in found], total=total, limit=limit, offset=offset)


def revoke_token(db: Session, caller: Principal, token_id: str) -> ApiTokenView:
    """Revokes a token of the caller; admins revoke any. Raises `NotFoundError`, also for tokens of other users."""
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
    """The token without its secret."""
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
        _require_admin(caller)
        return users.get_user(db, name)
    user = users.find_user_by_id(db, caller.user_id or "")
    if user is None:
        raise ValidationError(
            "user: say whose token it shall be, or sign in as a user", errors=[{"loc": ["body", "user"], "msg": ""}]
        )
    return user


def _require_admin(caller: Principal) -> None:
    if caller.role != "admin":
        raise PermissionDeniedError("Tokens of others take the role admin")
