"""Signing in with the shared token, and out again."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.dependencies import Config
from backend.pages.rendering import render_bare
from pegbox.web.access import COOKIE

router = APIRouter(include_in_schema=False)

DAYS_KEPT = 30


@dataclass(frozen=True)
class LoginPage:
    """`next` is a path of this server."""

    next: str
    error: str = ""


@router.get("/login", response_class=HTMLResponse)
def show_login(request: Request, next: Annotated[str, Query()] = "/") -> HTMLResponse:
    """The form that asks for the token."""
    return render_bare(request, "login.html", page=LoginPage(_own_path(next)))


@router.post("/login", response_class=HTMLResponse)
def sign_in(
    request: Request,
    settings: Config,
    token: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Sets the cookie for the right token; shows the form again for a wrong one."""
    expected = settings.token.get_secret_value() if settings.token else ""
    if not expected or not hmac.compare_digest(token.strip().encode(), expected.encode()):
        page = LoginPage(_own_path(next), "That is not the token of this server.")
        return render_bare(request, "login.html", page=page, status=401)
    answer = RedirectResponse(_own_path(next), status_code=303)
    answer.set_cookie(
        COOKIE,
        expected,
        max_age=DAYS_KEPT * 86_400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def sign_out() -> RedirectResponse:
    """Forgets the cookie."""
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


def _own_path(path: str) -> str:
    """Never a redirect to another site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
