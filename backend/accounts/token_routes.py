"""API tokens over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from backend.accounts import api_tokens
from backend.accounts.sign_in_context import SignIn
from backend.accounts.user_routes import Limit, Offset
from backend.dependencies import Caller, Db
from pegbox.schemas.account import ApiTokenCreate, ApiTokenCreated, ApiTokenPage, ApiTokenView
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["API tokens"])


@router.get("/api/tokens", response_model=ApiTokenPage, responses=error_responses(404, 422), summary="List API Tokens")
def list_tokens(
    db: Db,
    caller: Caller,
    user: Annotated[str | None, Query(max_length=64, description="An admin may name another user, or `*`.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> ApiTokenPage:
    """One's own, newest first, without their secrets."""
    return api_tokens.list_tokens(db, caller, user, limit=limit, offset=offset)


@router.post(
    "/api/tokens",
    status_code=201,
    response_model=ApiTokenCreated,
    responses=error_responses(400, 404, 409, 413, 422),
    summary="Create API Token",
)
def create_token(body: ApiTokenCreate, response: Response, db: Db, caller: Caller) -> ApiTokenCreated:
    """For scripts, workers and the command line. The answer is the only place where the token can be read."""
    response.headers["Cache-Control"] = "no-store"
    return api_tokens.create_token(db, caller, body)


@router.delete(
    "/api/tokens/{token_id}",
    response_model=ApiTokenView,
    responses=error_responses(404, 422),
    summary="Revoke API Token",
)
def revoke_token(
    token_id: Annotated[str, Path(min_length=1, max_length=64)], db: Db, context: SignIn, caller: Caller
) -> ApiTokenView:
    """It works no more. Its record stays, with when it was last used."""
    revoked = api_tokens.revoke_token(db, caller, token_id)
    context.identities.forget()
    return revoked
