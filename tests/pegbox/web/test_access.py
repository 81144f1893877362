"""Host, Origin and token checks, on a service of their own."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.websockets import WebSocketDisconnect

from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.web import service


def client_for(settings: Settings) -> TestClient:
    app = FastAPI()

    @app.get("/thing")
    def read() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/thing")
    def change() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("secret detail")

    @app.websocket("/ws")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    service.install(app, settings)
    return TestClient(app, base_url=f"http://127.0.0.1:{settings.port}", raise_server_exceptions=False)


def own_origin(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "a:b:c"])
def test_foreign_host_gets_nothing(settings: Settings, host: str) -> None:
    answer = client_for(settings).get("/thing", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error_type"] == "PermissionDeniedError"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_loopback_names_are_served(settings: Settings, host: str) -> None:
    assert client_for(settings).get("/thing", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "file://x", "http://["])
def test_foreign_origin_changes_nothing(settings: Settings, origin: str) -> None:
    client = client_for(settings)
    assert client.post("/thing", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws", headers={"Origin": origin}):
        pass
    assert refused.value.code == 4403


def test_own_origin_may_change_things(settings: Settings) -> None:
    client = client_for(settings)
    assert client.post("/thing", headers={"Origin": own_origin(settings)}).status_code == 200
    monitor = f"http://localhost:{settings.monitor_port}"
    assert client.post("/thing", headers={"Origin": monitor}).status_code == 200
    with client.websocket_connect("/ws", headers={"Origin": own_origin(settings)}) as socket:
        assert socket.receive_text() == "hello"


def test_token_is_asked_for_and_checked(settings: Settings) -> None:
    client = client_for(settings.model_copy(update={"token": SecretStr("right")}))
    refused = client.get("/thing")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/thing", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/thing", headers={"Authorization": "Bearer right"}).status_code == 200
    assert client.get("/thing", headers={"Cookie": "pegbox_token=right"}).status_code == 200
    assert client.get("/thing", auth=("", "right")).status_code == 200
    assert client.get("/thing", auth=("right", "wrong")).status_code == 401
    assert client.get("/thing", headers={"Authorization": "Basic ?"}).status_code == 401
    with client.websocket_connect("/ws?token=right") as socket:
        assert socket.receive_text() == "hello"
    with client.websocket_connect("/ws") as socket, pytest.raises(WebSocketDisconnect) as refused_socket:
        socket.receive_text()
    assert refused_socket.value.code == 4401


def test_a_browser_without_token_is_sent_to_the_login_page(settings: Settings) -> None:
    client = client_for(settings.model_copy(update={"token": SecretStr("right")}))
    answer = client.get("/thing", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/thing")


def test_an_open_bind_needs_somebody_who_can_sign_in(settings: Settings) -> None:
    reachable = settings.model_copy(update={"host": "0.0.0.0"})
    assert reachable.access == "required"
    with pytest.raises(PegboxError, match=r"pegbox user add NAME --role admin.*PEGBOX_TOKEN"):
        service.require_credentials_when_exposed(reachable, has_active_users=False)
    service.require_credentials_when_exposed(reachable, has_active_users=True)
    service.require_credentials_when_exposed(
        reachable.model_copy(update={"token": SecretStr("right")}), has_active_users=False
    )


@pytest.mark.parametrize("mode", ["off", "optional"])
def test_nothing_is_open_off_loopback(settings: Settings, mode: str) -> None:
    with pytest.raises(PegboxError, match=f"PEGBOX_AUTH={mode}"):
        client_for(settings.model_copy(update={"host": "0.0.0.0", "auth": mode}))


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "NotFoundError"),
        ("DELETE", "/thing", 405, "PegboxError"),
        ("GET", "/boom", 500, "InternalServerError"),
    ],
)
def test_every_error_has_the_one_shape(settings: Settings, method: str, path: str, status: int, kind: str) -> None:
    answer = client_for(settings).request(method, path)
    body = answer.json()
    assert answer.status_code == body["status"] == body["status_code"] == status
    assert body["error_type"] == kind
    assert body["detail"] == body["message"]
    assert "secret detail" not in body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"] != ""
    assert set(body) == {"detail", "status_code", "error_type", "error", "message", "status", "errors", "request_id"}
