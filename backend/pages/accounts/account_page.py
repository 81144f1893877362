"""The caller's account: password and API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import pydantic
from anyio import to_thread
from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.accounts import api_tokens, users
from backend.accounts.sign_in_context import SignIn
from backend.dependencies import Address, Caller, Config, Db
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError
from pegbox.schemas.account import (
    ROLES,
    ApiTokenCreate,
    ApiTokenPage,
    PasswordChange,
    Principal,
    Role,
    may,
)
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
TERMS = ((30, "30 days"), (90, "90 days"), (365, "a year"), (0, "no end"))


@dataclass(frozen=True)
class AccountPage:
    """`fresh` is a token just created, shown only once; `notice` and `error` are the result of the last form."""

    caller: Principal
    tokens: ApiTokenPage | None
    roles: tuple[Role, ...]
    terms: tuple[tuple[int, str], ...]
    fresh: str
    notice: str
    error: str


@router.get("/account", response_class=HTMLResponse)
def show_account(
    request: Request, db: Db, settings: Config, caller: Caller, done: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """The account with its forms."""
    notice = {
        "password": "Your password is changed. Other sign-ins of yours have ended.",
        "revoked": "The token is revoked.",
    }
    return _page(request, db, settings, caller, notice=notice.get(done, ""))


@router.post("/account/password", response_class=HTMLResponse)
async def change_password(
    request: Request,
    db: Db,
    settings: Config,
    context: SignIn,
    caller: Caller,
    address: Address,
    current_password: Annotated[str, Form(max_length=1000)] = "",
    new_password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Changes the password, which the form asks for twice."""
    try:
        if new_password != again:
            raise ValueError("The two new passwords differ.")
        body = PasswordChange(current_password=current_password, new_password=new_password)
        work = partial(users.change_password, db, context, caller, body, address)
        await to_thread.run_sync(work, limiter=context.threads)
    except (ValueError, PegboxError) as error:
        return await to_thread.run_sync(
            partial(_page, request, db, settings, caller, error=sentence(error), status=422)
        )
    return RedirectResponse("/account?done=password", status_code=303)


@router.post("/account/tokens", response_class=HTMLResponse)
def create_token(
    request: Request,
    db: Db,
    settings: Config,
    caller: Caller,
    name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[str, Form(max_length=20)] = "",
    days: Annotated[int, Form(ge=0, le=3650)] = 0,
) -> HTMLResponse:
    """Shows the token in this response only, so without a redirect."""
    try:
        body = ApiTokenCreate.model_validate({"name": name, "role": role or None, "expires_in_days": days or None})
        made = api_tokens.create_token(db, caller, body)
    except (ValueError, PegboxError) as error:
        return _page(request, db, settings, caller, error=sentence(error), status=422)
    answer = _page(request, db, settings, caller, fresh=made.token)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(
    db: Db, context: SignIn, caller: Caller, token_id: Annotated[str, Path(min_length=1, max_length=64)]
) -> RedirectResponse:
    """Revokes a token of the caller."""
    api_tokens.revoke_token(db, caller, token_id)
    context.identities.forget()
    return RedirectResponse(f"/account?{urlencode({'done': 'revoked'})}", status_code=303)


def sentence(error: Exception) -> str:
    """The error of a form as a sentence."""
    if isinstance(error, pydantic.ValidationError):
        first = error.errors()[0]
        field = str(first["loc"][0]).replace("_", " ").capitalize()
        return f"{field}: {str(first['msg']).removeprefix('Value error, ')}."
    text = error.message if isinstance(error, PegboxError) else str(error)
    return text if text.endswith(".") else f"{text}."


def _page(
    request: Request,
    db: Session,
    settings: Settings,
    caller: Principal,
    *,
    fresh: str = "",
    notice: str = "",
    error: str = "",
    status: int = 200,
) -> HTMLResponse:
    tokens = api_tokens.list_tokens(db, caller, None, limit=PAGE_SIZE, offset=0) if caller.user_id else None
    page = AccountPage(
        caller, tokens, tuple(role for role in ROLES if may(caller.role, role)), TERMS, fresh, notice, error
    )
    layout = layout_for(request, db, settings, "Account")
    return render(request, "accounts/account.html", layout=layout, page=page, status=status)
