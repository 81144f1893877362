"""The OpenAPI documents are complete: every answer typed, every error with the one body."""

from __future__ import annotations

from typing import Any

import pytest

from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from pegbox.settings import Settings

ERROR = "#/components/schemas/ErrorBody"
APPS = {"backend": create_backend, "monitor": create_monitor}


@pytest.fixture(params=APPS)
def document(request: pytest.FixtureRequest, settings: Settings) -> dict[str, Any]:
    openapi: dict[str, Any] = APPS[request.param](settings).openapi()
    return openapi


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def is_typed(answer: dict[str, Any]) -> bool:
    """JSON with a schema; anything else needs only its media type."""
    content = answer.get("content", {})
    return all(media.get("schema") or kind != "application/json" for kind, media in content.items())


def test_there_are_operations(document: dict[str, Any]) -> None:
    assert len(operations(document)) > 15


def test_every_success_is_typed(document: dict[str, Any]) -> None:
    untyped = [
        f"{name} {status}"
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith("2") and not (status == "204" or (answer.get("content") and is_typed(answer)))
    ]
    assert untyped == []


def test_every_error_has_the_one_body(document: dict[str, Any]) -> None:
    different = [
        f"{name} {status}"
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith(("4", "5"))
        and answer.get("content") != {"application/json": {"schema": {"$ref": ERROR}}}
        # An unhealthy service still says what is wrong with it.
        and (name, status) not in (("GET /api/health", "503"), ("GET /readyz", "503"))
    ]
    assert different == []
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_operation_says_how_it_refuses(document: dict[str, Any]) -> None:
    """Access is checked everywhere, input wherever there is some, and a path may name what is not there."""
    missing = []
    for name, operation in operations(document):
        parameters = operation.get("parameters", [])
        wanted = {"401", "403"}
        if parameters or "requestBody" in operation:
            wanted.add("422")
        refusals = {status for status in operation["responses"] if status in ("400", "404", "409")}
        if any(parameter["in"] == "path" for parameter in parameters) and "/check/" not in name and not refusals:
            wanted.add("404")
        missing += [f"{name} {status}" for status in sorted(wanted - set(operation["responses"]))]
    assert missing == []


def test_every_operation_has_a_summary_a_group_and_a_name_of_its_own(document: dict[str, Any]) -> None:
    found = [operation for _, operation in operations(document)]
    assert [
        operation["operationId"] for operation in found if not (operation.get("summary") and operation.get("tags"))
    ] == []
    assert len({operation["operationId"] for operation in found}) == len(found)
