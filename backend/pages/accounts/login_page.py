"""Sign-in with a password or a token, and sign-out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.accounts import service, users
from backend.accounts.sign_in_context import SignIn, SignInContext
from backend.dependencies import Address, Config, Db
from backend.pages.frame.rendering import render_bare
from pegbox.errors import AuthenticationError, TooManyRequestsError
from pegbox.schemas.account import Principal
from pegbox.web.access.credentials import COOKIE, cookie_token

router = APIRouter(include_in_schema=False)

EXPIRED = "Your session has ended. Sign in again to go on where you were."


@dataclass(frozen=True)
class LoginPage:
    """`next` is a path of this server; `has_users` and `has_token` select the offered forms."""

    next: str
    has_users: bool
    has_token: bool
    name: str = ""
    error: str = ""
    notice: str = ""
    with_token: bool = False


@router.get("/login", response_class=HTMLResponse)
def show_login(
    request: Request, db: Db, settings: Config, next: Annotated[str, Query(max_length=2000)] = "/"
) -> Response:
    """The sign-in form; redirects to the setup while there is no user."""
    has_users = users.has_users(db)
    if not has_users and not settings.token and settings.access == "required":
        return RedirectResponse("/setup", status_code=303)
    from_cookie = cookie_token(request.headers)
    notice = EXPIRED if from_cookie and request.state.principal is None else ""
    page = LoginPage(own_path(next), has_users, bool(settings.token), notice=notice)
    return render_bare(request, "accounts/login.html", page=page)


@router.post("/login", response_class=HTMLResponse)
async def sign_in(
    request: Request,
    db: Db,
    settings: Config,
    context: SignIn,
    address: Address,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    token: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Signs in and sets the cookie; shows the form again for wrong credentials."""
    request.state.audit_actor = username
    by_token = bool(token.strip()) or not username.strip()
    work = (
        partial(_sign_in_with_token, request, db, context, token.strip(), address)
        if by_token
        else partial(service.sign_in_browser, db, context, username, password, address)
    )
    try:
        value = await to_thread.run_sync(work, limiter=context.threads)
    except (AuthenticationError, TooManyRequestsError) as error:
        message = "That is not a token of this server." if by_token and error.status == 401 else f"{error.message}."
        page = LoginPage(own_path(next), True, bool(settings.token), username, message, with_token=by_token)
        return render_bare(request, "accounts/login.html", page=page, status=error.status)
    answer = RedirectResponse(own_path(next), status_code=303)
    set_cookie(request, answer, value)
    return answer


@router.post("/logout")
def sign_out(request: Request, db: Db, context: SignIn) -> RedirectResponse:
    """Revokes the login and deletes the cookie."""
    principal: Principal | None = request.state.principal
    service.sign_out(db, context, principal.login_id if principal else None)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


def set_cookie(request: Request, answer: Response, value: str) -> None:
    """Sets the session cookie."""
    answer.set_cookie(
        COOKIE,
        value,
        max_age=service.BROWSER_DAYS * 86_400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def own_path(path: str) -> str:
    """The path if it belongs to this server, else `/`: prevents open redirects."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _sign_in_with_token(request: Request, db: Db, context: SignInContext, token: str, address: str) -> str:
    value, name = service.sign_in_with_token(db, context, token, address)
    request.state.audit_actor = name
    return value
