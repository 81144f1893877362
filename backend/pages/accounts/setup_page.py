"""Creates the first admin on a server without users."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import pydantic
from anyio import to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.accounts import service, users
from backend.accounts.sign_in_context import SignIn
from backend.dependencies import Address, Db
from backend.pages.accounts.login_page import set_cookie
from backend.pages.frame.rendering import render_bare
from pegbox.errors import PermissionDeniedError
from pegbox.schemas.account import UserCreate
from pegbox.web.access.hosts import is_local_address, is_local_host

router = APIRouter(include_in_schema=False)

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True)
class SetupPage:
    """The typed name and the error."""

    name: str = "admin"
    error: str = ""


@router.get("/setup", response_class=HTMLResponse)
def show_setup(request: Request, db: Db, address: Address) -> Response:
    """The form while there is no user; redirects to the login afterwards."""
    if users.has_users(db):
        return RedirectResponse("/login", status_code=303)
    _require_local_request(request, address)
    return render_bare(request, "accounts/setup.html", page=SetupPage())


@router.post("/setup", response_class=HTMLResponse)
async def create_first_user(
    request: Request,
    db: Db,
    context: SignIn,
    address: Address,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Creates the admin and signs in."""
    _require_local_request(request, address)
    request.state.audit_actor = username
    try:
        body = UserCreate(name=username, password=password, role="admin")
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        finding = f"{str(first['loc'][0]).capitalize()}: {str(first['msg']).removeprefix('Value error, ')}."
        return render_bare(request, "accounts/setup.html", page=SetupPage(username, finding), status=422)
    if password != again:
        page = SetupPage(username, "The two passwords differ.")
        return render_bare(request, "accounts/setup.html", page=page, status=422)
    await to_thread.run_sync(partial(users.create_first_user, db, context.passwords, body), limiter=context.threads)
    enter = partial(service.sign_in_browser, db, context, body.name, password, address)
    answer = RedirectResponse("/", status_code=303)
    set_cookie(request, answer, await to_thread.run_sync(enter, limiter=context.threads))
    return answer


def _require_local_request(request: Request, address: str) -> None:
    """Requires a local request without a proxy, because the first visitor becomes admin. Raises `PermissionDeniedError`."""
    is_here = is_local_address(address) and is_local_host(request.headers.get("host", ""))
    if not is_here or any(name in request.headers for name in PROXY_HEADERS):
        raise PermissionDeniedError(
            "The first account can be made on the machine itself only: "
            "open this page there, or run `pegbox user add NAME --role admin`"
        )
