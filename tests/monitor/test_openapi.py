"""The OpenAPI document is complete: responses have types, errors are listed, the batch body is described."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.monitor.cast import create_run


@pytest.fixture
def document(monitor_client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = monitor_client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def test_every_answer_is_typed(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status == "304":
                assert "content" not in answer, name
                continue
            schemas = [media["schema"] for media in answer["content"].values()]
            assert schemas, f"{name} {status}"
            assert all(schemas), f"{name} {status}"
            if int(status) >= 400 and (name, status) != ("GET /readyz", "503"):  # its body names the missing component
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, f"{name} {status}"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_the_batch_is_described(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["BatchCreate"]
    assert {"writer", "sequence", "rewind_to", "points", "samples", "events", "media"} == set(body["properties"])
    operation = document["paths"]["/api/runs/{run_id}/batches"]["post"]
    assert {"200", "404", "413", "422", "429", "503"} <= set(operation["responses"])


def test_every_endpoint_is_listed(document: dict[str, Any]) -> None:
    assert {name for name, _ in operations(document)} >= {
        "GET /",
        "GET /api/health",
        "GET /api/training/losses",
        "GET /api/training/losses/current",
        "GET /api/training/resources",
        "GET /api/training/resources/current",
        "GET /api/training/status/{job_id}",
        "GET /api/training/summary",
        "GET /api/training/mode",
        "POST /api/training/mode/{mode}",
        "POST /api/runs",
        "GET /api/runs",
        "GET /api/runs/{run_id}",
        "PATCH /api/runs/{run_id}",
        "POST /api/runs/{run_id}/batches",
        "GET /api/runs/{run_id}/series",
        "GET /api/runs/{run_id}/export",
        "GET /api/runs/{run_id}/samples",
        "GET /api/runs/{run_id}/events",
        "GET /api/runs/{run_id}/media",
        "GET /api/runs/{run_id}/artifacts",
        "GET /api/runs/{run_id}/artifacts/{name}",
        "PUT /api/runs/{run_id}/artifacts/{name}",
        "GET /api/runs/{run_id}/resources",
        "GET /api/runs/{run_id}/feed",
        "GET /api/runs/{run_id}/stream",
    }


def test_docs_are_served(monitor_client: TestClient) -> None:
    assert monitor_client.get("/docs").status_code == 200


def test_the_document_and_the_decoder_agree(monitor_client: TestClient, document: dict[str, Any]) -> None:
    """The msgspec types of the hot path have the same limits as the published schema."""
    create_run(monitor_client)
    limits = document["components"]["schemas"]
    title = limits["BatchEvent"]["properties"]["title"]["maxLength"]
    for length, status in ((title, 200), (title + 1, 422)):
        event = {"time": 1, "kind": "note", "title": "x" * length}
        answer = monitor_client.post(
            "/api/runs/run-alpha/batches", json={"writer": "w", "sequence": length, "events": [event]}
        )
        assert answer.status_code == status
    for kind in limits["BatchEvent"]["properties"]["kind"]["enum"]:
        event = {"time": 1, "kind": kind, "title": "x"}
        body = {"writer": kind, "sequence": 1, "events": [event]}
        assert monitor_client.post("/api/runs/run-alpha/batches", json=body).status_code == 200
