"""Sign-in, sign-out and the current user over HTTP."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from backend.accounts import service, users
from backend.accounts.sign_in_context import SignIn
from backend.dependencies import Address, Caller, Config, Db
from pegbox.schemas.account import LoginRequest, Me, PasswordChange, RefreshRequest, Ticket, TokenPair
from pegbox.schemas.base import Done
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Accounts"])

NO_STORE = {"Cache-Control": "no-store"}


@router.post(
    "/api/auth/login",
    response_model=TokenPair,
    responses=error_responses(400, 413, 422, 429),
    summary="Log In",
)
async def sign_in(
    body: LoginRequest, request: Request, response: Response, db: Db, context: SignIn, address: Address
) -> TokenPair:
    """A pair of tokens for a name and its password. 429 after five wrong passwords in five minutes."""
    request.state.audit_actor = body.username
    response.headers.update(NO_STORE)
    work = partial(service.sign_in, db, context, body.username, body.password, address)
    return await to_thread.run_sync(work, limiter=context.threads)


@router.post(
    "/api/auth/refresh",
    response_model=TokenPair,
    responses=error_responses(400, 413, 422),
    summary="Refresh Tokens",
)
def refresh_tokens(body: RefreshRequest, response: Response, db: Db, context: SignIn) -> TokenPair:
    """The next pair. Each refresh token works once: using one again ends the login, because somebody has a copy."""
    response.headers.update(NO_STORE)
    return service.refresh(db, context, body.refresh_token)


@router.post("/api/auth/logout", response_model=Done, summary="Log Out")
def sign_out(db: Db, context: SignIn, caller: Caller) -> Done:
    """Ends the login of the token that was sent, refresh token included. API tokens and the shared token stay."""
    service.sign_out(db, context, caller.login_id)
    return Done(message="Signed out" if caller.login_id else "There was no login to end")


@router.get("/api/auth/me", response_model=Me, summary="Who Am I")
def get_me(settings: Config, caller: Caller) -> Me:
    """Whom the request's credentials stand for, and whether this server asks for any."""
    return Me(
        name=caller.name,
        role=caller.role,
        tier=caller.tier,
        via=caller.via,
        user_id=caller.user_id,
        auth=settings.access,
    )


@router.post("/api/auth/ticket", response_model=Ticket, summary="Get a Stream Ticket")
def create_ticket(response: Response, context: SignIn, caller: Caller) -> Ticket:
    """For `?token=` of a WebSocket or an event stream on either port, where browsers can send no header. Good for a minute."""
    response.headers.update(NO_STORE)
    return service.issue_ticket(context, caller)


@router.post(
    "/api/auth/password",
    response_model=Done,
    responses=error_responses(400, 413, 422, 429),
    summary="Change Own Password",
)
async def change_password(body: PasswordChange, db: Db, context: SignIn, caller: Caller, address: Address) -> Done:
    """Takes the current one. Ends the other logins of the user."""
    work = partial(users.change_password, db, context, caller, body, address)
    await to_thread.run_sync(work, limiter=context.threads)
    return Done(message="Password changed")
