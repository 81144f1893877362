"""User management, for admins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.accounts import users
from backend.accounts.sign_in_context import SignIn
from backend.dependencies import Config, Db
from backend.pages.accounts.account_page import sentence
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError
from pegbox.schemas.account import ROLES, Role, UserCreate, UserUpdate, UserView
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
TIERS = ("standard", "premium")
Name = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass(frozen=True)
class UsersPage:
    """`previous` and `next` are addresses, None at the ends."""

    users: list[UserView]
    roles: tuple[Role, ...]
    tiers: tuple[str, ...]
    total: int
    previous: str | None
    next: str | None
    error: str
    name: str
    access: str


@router.get("/users", response_class=HTMLResponse)
def show_users(
    request: Request, db: Db, settings: Config, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> HTMLResponse:
    """Users by name, with the form for a new one."""
    return _page(request, db, settings, page=page)


@router.post("/users", response_class=HTMLResponse)
async def create_user(
    request: Request,
    db: Db,
    settings: Config,
    context: SignIn,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    role: Annotated[str, Form(max_length=20)] = "viewer",
    tier: Annotated[str, Form(max_length=20)] = "standard",
) -> Response:
    """Creates a user."""
    try:
        body = UserCreate.model_validate({"name": name, "password": password, "role": role, "tier": tier})
        await to_thread.run_sync(partial(users.create_user, db, context.passwords, body), limiter=context.threads)
    except (ValueError, PegboxError) as error:
        return await to_thread.run_sync(partial(_page, request, db, settings, error=sentence(error), name=name))
    return RedirectResponse("/users", status_code=303)


@router.post("/users/{name}", response_class=HTMLResponse)
def update_user(
    request: Request,
    db: Db,
    settings: Config,
    context: SignIn,
    name: Name,
    role: Annotated[str, Form(max_length=20)] = "",
    tier: Annotated[str, Form(max_length=20)] = "",
    disabled: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Changes role and tier, or disables the user."""
    wanted = {"role": role or None, "tier": tier or None, "disabled": disabled == "yes" if disabled else None}
    try:
        users.update_user(db, context, name, UserUpdate.model_validate(wanted))
    except (ValueError, PegboxError) as error:
        db.rollback()
        return _page(request, db, settings, error=sentence(error))
    return RedirectResponse("/users", status_code=303)


@router.post("/users/{name}/password", response_class=HTMLResponse)
async def set_password(
    request: Request,
    db: Db,
    settings: Config,
    context: SignIn,
    name: Name,
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Sets a new password and revokes the user's logins."""
    try:
        body = UserUpdate.model_validate({"password": password})
        await to_thread.run_sync(partial(users.update_user, db, context, name, body), limiter=context.threads)
    except (ValueError, PegboxError) as error:
        return await to_thread.run_sync(partial(_page, request, db, settings, error=sentence(error)))
    return RedirectResponse("/users", status_code=303)


def _page(
    request: Request, db: Session, settings: Settings, *, page: int = 1, error: str = "", name: str = ""
) -> HTMLResponse:
    found = users.list_users(db, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = UsersPage(
        users=found.users,
        roles=ROLES,
        tiers=TIERS,
        total=found.total,
        previous=f"/users?page={page - 1}" if page > 1 else None,
        next=f"/users?page={page + 1}" if page * PAGE_SIZE < found.total else None,
        error=error,
        name=name,
        access=settings.access,
    )
    layout = layout_for(request, db, settings, "Users")
    return render(request, "accounts/users.html", layout=layout, page=context, status=422 if error else 200)
