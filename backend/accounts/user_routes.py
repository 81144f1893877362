"""Users over HTTP, for admins."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query

from backend.accounts import users
from backend.accounts.sign_in_context import SignIn
from backend.dependencies import Db
from pegbox.schemas.account import UserCreate, UserPage, UserUpdate, UserView
from pegbox.schemas.base import Done
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Users"])

UserKey = Annotated[str, Path(min_length=1, max_length=64, description="The user's name.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]


@router.get("/api/users", response_model=UserPage, responses=error_responses(422), summary="List Users")
def list_users(db: Db, limit: Limit = 100, offset: Offset = 0) -> UserPage:
    """A page, by name."""
    return users.list_users(db, limit=limit, offset=offset)


@router.post(
    "/api/users",
    status_code=201,
    response_model=UserView,
    responses=error_responses(400, 409, 413, 422),
    summary="Create User",
)
async def create_user(body: UserCreate, db: Db, context: SignIn) -> UserView:
    """Who may sign in with this name and password from now on."""
    return await to_thread.run_sync(partial(users.create_user, db, context.passwords, body), limiter=context.threads)


@router.get("/api/users/{name}", response_model=UserView, responses=error_responses(404, 422), summary="Get User")
def get_user(name: UserKey, db: Db) -> UserView:
    """One user."""
    return users.show_user(users.get_user(db, name))


@router.patch(
    "/api/users/{name}",
    response_model=UserView,
    responses=error_responses(400, 404, 409, 413, 422),
    summary="Update User",
)
async def update_user(name: UserKey, body: UserUpdate, db: Db, context: SignIn) -> UserView:
    """Role, tier, password, or whether the user may sign in. A new password or disabling ends the user's logins."""
    return await to_thread.run_sync(partial(users.update_user, db, context, name, body), limiter=context.threads)


@router.delete(
    "/api/users/{name}", response_model=Done, responses=error_responses(404, 409, 422), summary="Delete User"
)
def delete_user(name: UserKey, db: Db, context: SignIn) -> Done:
    """With the user's logins and API tokens. The audit log keeps what they did."""
    users.delete_user(db, context, name)
    return Done(message=f"User '{name}' deleted")
