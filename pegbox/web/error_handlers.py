"""Renders all errors of a service as one JSON body, including the 404, 405 and 422 of the framework."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from pegbox.errors import BY_STATUS, PegboxError, TooManyRequestsError
from pegbox.schemas.error import ErrorBody

log = logging.getLogger(__name__)

Responses = dict[int | str, dict[str, Any]]


def error_responses(*statuses: int) -> Responses:
    """The error body for each status, for a route's `responses=`.

    Errors are JSON whatever the media type of the route's own response, so the media type is stated here.
    """
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}
    return {
        status: {"model": ErrorBody, "content": content, "description": HTTPStatus(status).phrase}
        for status in statuses
    }


def error_response(
    status: int,
    message: str,
    *,
    error_type: str | None = None,
    errors: list[dict[str, Any]] | None = None,
    request_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The JSON response for one error."""
    known = BY_STATUS.get(status)
    body = ErrorBody(
        detail=message,
        message=message,
        status_code=status,
        status=status,
        error_type=error_type or (known.__name__.replace("UnusableContent", "Validation") if known else "PegboxError"),
        error=_phrase(status),
        errors=errors or [],
        request_id=request_id,
    )
    # The response to an unexpected error does not pass through the middleware that adds this header.
    identified = {"X-Request-ID": request_id} if request_id else {}
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers={**(headers or {}), **identified})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def install(app: FastAPI) -> None:
    """Registers the handlers on a service."""
    app.add_exception_handler(PegboxError, _pegbox_error)
    app.add_exception_handler(RequestValidationError, _schema_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(Exception, _unexpected)


async def _pegbox_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PegboxError)
    return pegbox_error_response(error, _request_id(request))


def pegbox_error_response(error: PegboxError, request_id: str) -> JSONResponse:
    """The response for a PegboxError, with `Retry-After` or `WWW-Authenticate` where they apply."""
    headers = {}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(max(1, round(error.retry_after_seconds)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return error_response(
        error.status,
        error.message,
        error_type=error.error_type,
        errors=error.errors,
        request_id=request_id,
        headers=headers,
    )


async def _schema_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"loc": [str(part) for part in item["loc"]], "msg": str(item["msg"]), "type": str(item["type"])}
        for item in error.errors()[:50]
    ]
    for entry in errors:
        entry["msg"] = str(entry["msg"]).removeprefix("Value error, ")
    first = errors[0] if errors else {"loc": ["body"], "msg": "invalid"}
    where = ".".join(first["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return error_response(422, f"{where}: {first['msg']}{more}", errors=errors, request_id=_request_id(request))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if error.status_code == 404 and message == "Not Found":
        message = f"No such path: {request.url.path}"
    elif error.status_code == 405:
        message = f"{request.method} is not allowed on {request.url.path}"
    return error_response(error.status_code, message, request_id=_request_id(request), headers=error.headers)


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    return database_error_response(error, _request_id(request))


def database_error_response(error: Exception, request_id: str) -> JSONResponse:
    """The response for a database error: busy, disk full, or any other, with the remedy."""
    log.error("database error", exc_info=error)
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return error_response(
            503, "The database is busy; try again", request_id=request_id, headers={"Retry-After": "1"}
        )
    if "full" in text:
        return error_response(503, "The disk is full; free space in the data folder", request_id=request_id)
    return error_response(500, "The database could not answer; see the log", request_id=request_id)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The server logs the traceback; this line adds the request id that the caller received.
    log.error(
        "unexpected %s on %s %s, request %s",
        type(error).__name__,
        request.method,
        request.url.path,
        _request_id(request),
    )
    return error_response(
        500,
        f"An unexpected error occurred: {type(error).__name__}; the log has the details under this request id",
        error_type="InternalServerError",
        request_id=_request_id(request),
    )
