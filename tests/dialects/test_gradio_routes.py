"""Gradio's protocols as shells and other programs speak them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.dialects.functions import Caller, Function
from monitor.dialects.gradio import events
from monitor.dialects.gradio.events import Event, PendingEvents
from monitor.dialects.gradio.schema import json_type
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http

PREFIX = "/gradio_api"


def call(client: TestClient, name: str, *data: Any, **headers: str) -> str:
    answer = client.post(f"{PREFIX}/call/{name}", json={"data": data}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"event_id"}
    event_id: str = answer.json()["event_id"]
    return event_id


@pytest.mark.parametrize("path", [f"{PREFIX}/info", f"{PREFIX}/info/"])
def test_the_list_of_functions(monitor_client: TestClient, path: str) -> None:
    answer = monitor_client.get(path)
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["unnamed_endpoints"] == {}
    endpoint = body["named_endpoints"]["/bulk_log"]
    assert endpoint["api_visibility"] == "public"
    logs, token = endpoint["parameters"]
    assert (logs["parameter_name"], logs["parameter_has_default"], logs["type"]["type"]) == ("logs", False, "array")
    assert token == {
        "label": "hf_token",
        "parameter_name": "hf_token",
        "parameter_has_default": True,
        "parameter_default": None,
        "type": {"type": "string"},
        "python_type": {"type": "str", "description": ""},
        "component": "Textbox",
        "example_input": None,
    }


def test_the_configuration_has_what_clients_look_at(monitor_client: TestClient) -> None:
    body = monitor_client.get("/config").json()
    assert (body["protocol"], body["api_prefix"], body["connect_heartbeat"]) == ("sse", PREFIX, False)
    known = {component["id"] for component in body["components"]}
    used = [place for one in body["dependencies"] for place in (*one["inputs"], *one["outputs"])]
    assert sorted(used) == sorted(known)
    assert [one["id"] for one in body["dependencies"]] == list(range(len(body["dependencies"])))


@pytest.mark.parametrize("prefix", [PREFIX, ""])
def test_a_call_in_two_steps(monitor_client: TestClient, prefix: str) -> None:
    answer = monitor_client.post(f"{prefix}/call/get_all_projects", json={"data": []})
    event_id = answer.json()["event_id"]
    outcome = monitor_client.get(f"{prefix}/call/get_all_projects/{event_id}")
    assert outcome.text == "event: complete\ndata: [[]]\n\n"
    assert outcome.headers["content-type"].startswith("text/event-stream")
    assert (outcome.headers["cache-control"], outcome.headers["x-accel-buffering"]) == ("no-store", "no")
    again = monitor_client.get(f"{prefix}/call/get_all_projects/{event_id}")
    assert (again.status_code, again.json()["message"]) == (404, "Unknown or expired event_id")


def test_an_error_is_an_event_too(monitor_client: TestClient) -> None:
    event_id = call(monitor_client, "get_experiment_details", "exp_123")
    outcome = monitor_client.get(f"{PREFIX}/call/get_experiment_details/{event_id}")
    kind, data = outcome.text.strip().split("\n")
    assert kind == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"].startswith("Experiment not found: exp_123")


def test_another_function_neither_gets_nor_loses_the_answer(monitor_client: TestClient) -> None:
    event_id = call(monitor_client, "get_all_projects")
    wrong = monitor_client.get(f"{PREFIX}/call/get_settings/{event_id}")
    unknown = monitor_client.get(f"{PREFIX}/call/get_settings/nothing")
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.json()["message"] == unknown.json()["message"]
    assert "event: complete" in monitor_client.get(f"{PREFIX}/call/get_all_projects/{event_id}/").text


def test_an_unknown_function_is_not_found(monitor_client: TestClient) -> None:
    answer = monitor_client.post(f"{PREFIX}/call/nope", json={"data": []})
    assert (answer.status_code, answer.json()["message"]) == (404, "Unknown API: nope")


def test_uploads_have_the_form_of_each_protocol(monitor_client: TestClient) -> None:
    files = {"files": ("note.txt", b"hello")}
    assert len(monitor_client.post(f"{PREFIX}/upload", files=files).json()) == 1
    assert len(monitor_client.post("/api/upload", files=files).json()["paths"]) == 1
    two = [("files", ("a.txt", b"a")), ("files", ("b.txt", b"b"))]
    handles = monitor_client.post(f"{PREFIX}/upload", files=two).json()
    assert len(set(handles)) == 2


def test_events_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = PendingEvents()
    ids = [pending.add(Event("f", True, b"%d" % number)) for number in range(events.MAX_EVENTS + 5)]
    assert [pending.take(event_id, "f") for event_id in ids[:5]] == [None] * 5
    assert pending.take(ids[5], "f") == Event("f", True, b"5")
    large = [pending.add(Event("f", True, bytes(events.MAX_BYTES // 2))) for _ in range(3)]
    assert pending.take(large[0], "f") is None
    assert pending.take(large[2], "f") is not None
    fresh = pending.add(Event("f", True, b""))
    monkeypatch.setattr(events, "KEPT_SECONDS", -1.0)
    assert pending.take(fresh, "f") is None


def sent(caller: Caller, text: str, hf_token: str | None = None, count: int = 1) -> str:
    return text


@pytest.mark.parametrize("given", [{}, {"hf_token": None}, {"hf_token": ""}, {"hf_token": "  "}])
def test_the_bearer_fills_a_missing_or_blank_token(given: dict[str, Any]) -> None:
    function = Function.of(sent)
    assert function.bind([], {"text": "x", **given}, "secret")["hf_token"] == "secret"
    assert function.bind(["x", given.get("hf_token")], {}, "secret")["hf_token"] == "secret"
    assert function.bind([], {"text": "x", "hf_token": "own"}, "secret")["hf_token"] == "own"


def test_types_as_json_schema() -> None:
    assert json_type(list[int]) == ({"type": "array", "items": {"type": "integer"}}, "list[int]")
    assert json_type(float | None) == ({"type": "number"}, "float")
    assert json_type(str | dict[str, Any])[0] == {"anyOf": [{"type": "string"}, {"type": "object"}]}


def test_the_later_queue_protocol(monitor: MonitorProcess) -> None:
    """`sse_v1` and later: calls are posted, and one stream carries the answers of a session."""
    functions = http.get(f"{monitor.url}/config").json()["dependencies"]
    numbers = {one["api_name"]: one["id"] for one in functions}
    ids = {}
    for name, data in (("get_settings", []), ("get_experiment_details", ["exp_1"]), ("get_all_projects", [])):
        body = {"data": data, "fn_index": numbers[name], "session_hash": "s1"}
        answer = http.post(f"{monitor.url}{PREFIX}/queue/join", json=body)
        ids[answer.json()["event_id"]] = name
    text = http.get(f"{monitor.url}{PREFIX}/queue/data?session_hash=s1").text
    messages = [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line]
    assert messages.pop() == {"msg": "close_stream", "event_id": None}
    outcomes = {ids[message["event_id"]]: message for message in messages if message["msg"] == "process_completed"}
    assert {name: message["success"] for name, message in outcomes.items()} == {
        "get_settings": True,
        "get_experiment_details": False,
        "get_all_projects": True,
    }
    assert outcomes["get_experiment_details"]["output"]["error"].startswith("Experiment not found")


def test_a_queue_refuses_what_nobody_asked_for(monitor_client: TestClient) -> None:
    body = {"event_id": "nothing", "data": [], "fn_index": 0}
    assert monitor_client.post(f"{PREFIX}/queue/data", json=body).status_code == 404
    assert monitor_client.post(f"{PREFIX}/queue/data", json={"data": 1}).status_code == 400
    assert monitor_client.get(f"{PREFIX}/queue/join?fn_index=9999").status_code == 404
    assert monitor_client.post(f"{PREFIX}/queue/join", json={"fn_index": -1, "data": []}).status_code == 404


def test_streams_of_calls_end_with_their_clients(monitor: MonitorProcess) -> None:
    """Clients that leave before they have sent their arguments take no place in the queue."""

    def leave() -> None:
        with http.stream("GET", f"{monitor.url}{PREFIX}/queue/join?fn_index=0&session_hash=x") as answer:
            next(answer.iter_lines())

    threads = [threading.Thread(target=leave) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert http.get(f"{monitor.url}/api/health").status_code == 200
