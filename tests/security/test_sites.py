"""Other sites in the same browser: forged forms, WebSockets, names that lead here."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.security.house import PASSWORD, House

FOREIGN = "https://evil.example"


@pytest.fixture
def cookie(house: House) -> dict[str, str]:
    """What a browser sends along, wanted or not."""
    answer = house.backend.post("/login", data={"username": "admin", "password": PASSWORD, "next": "/jobs"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/jobs")
    value = answer.cookies["pegbox_token"]
    house.backend.cookies.clear()
    return {"Cookie": f"pegbox_token={value}"}


FORMS = (
    ("/jobs/selected/remove", {"jobs": "job_1"}),
    ("/models/remove", {"id": "starter"}),
    ("/users", {"name": "thief", "password": "a password", "role": "admin"}),
    ("/account/tokens", {"name": "thief"}),
    ("/logout", {}),
    ("/login", {"username": "admin", "password": PASSWORD}),
)


@pytest.mark.parametrize(("path", "form"), FORMS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize(
    "sent",
    [{"Origin": FOREIGN}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["origin", "sandboxed", "no origin"],
)
def test_a_form_of_another_site_changes_nothing(
    house: House, cookie: dict[str, str], path: str, form: dict[str, str], sent: dict[str, str]
) -> None:
    assert house.backend.post(path, data=form, headers={**cookie, **sent}).status_code == 403
    own = {"Origin": f"http://127.0.0.1:{house.settings.port}", "Sec-Fetch-Site": "same-origin"}
    assert house.backend.post(path, data=form, headers={**cookie, **own}).status_code != 403


def test_json_as_text_of_another_site_changes_nothing(house: House, cookie: dict[str, str]) -> None:
    """A form can send text/plain that reads as JSON, without asking first."""
    headers = {**cookie, "Content-Type": "text/plain", "Origin": FOREIGN}
    answer = house.backend.post(
        "/api/users", content='{"name": "text-thief", "password": "a password"}', headers=headers
    )
    assert answer.status_code == 403
    assert house.backend.get("/api/users/text-thief", headers=house.as_("admin")).status_code == 404


@pytest.mark.parametrize("path", ["/ws/live", "/ws/runs/run_1", "/ws/training/job_1"])
def test_a_websocket_of_another_site_is_refused(house: House, cookie: dict[str, str], path: str) -> None:
    for origin in (FOREIGN, "null"):
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            house.monitor.websocket_connect(path, headers={**cookie, "Origin": origin}),
        ):
            pass
        assert refused.value.code == 4403
    own = {"Origin": f"http://127.0.0.1:{house.settings.port}"}
    with house.monitor.websocket_connect("/ws/live", headers={**cookie, **own}):
        pass


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1].evil", ""])
def test_a_name_that_was_led_here_gets_nothing(house: House, cookie: dict[str, str], host: str) -> None:
    for client in (house.backend, house.monitor):
        for path in ("/", "/api/health", "/login", "/setup"):
            assert client.get(path, headers={**cookie, "Host": host}).status_code == 403


def test_other_sites_may_not_read_answers(house: House, cookie: dict[str, str]) -> None:
    """Without permission in the answer a browser keeps it from the page that asked."""
    for client in (house.backend, house.monitor):
        answer = client.get("/api/health", headers={**cookie, "Origin": FOREIGN})
        assert "access-control-allow-origin" not in answer.headers
        own = client.get("/api/health", headers={"Origin": f"http://127.0.0.1:{house.settings.port}"})
        assert own.headers["access-control-allow-origin"] == f"http://127.0.0.1:{house.settings.port}"


def test_the_cookie_is_for_this_server_alone(house: House) -> None:
    form = {"username": "viewer", "password": PASSWORD}
    kept = house.backend.post("/login", data=form).headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    assert "secure" not in kept
    assert "domain=" not in kept
    house.backend.cookies.clear()
    over_tls = house.backend.post(f"https://127.0.0.1:{house.settings.port}/login", data=form)
    assert "secure" in over_tls.headers["set-cookie"].lower()


def test_signing_out_ends_the_login_not_only_the_cookie(house: House, cookie: dict[str, str]) -> None:
    assert house.backend.get("/api/auth/me", headers=cookie).json()["via"] == "browser"
    assert house.backend.post("/logout", headers=cookie).status_code == 303
    assert house.backend.get("/api/auth/me", headers=cookie).status_code == 401
    page = house.backend.get("/jobs?q=x", headers={**cookie, "Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=/jobs%3Fq%3Dx")
    assert "Your session has ended" in house.backend.get("/login", headers=cookie).text


@pytest.mark.parametrize("token", ["shared", "api"])
def test_a_token_on_the_login_page_opens_the_dashboard_and_stays_out_of_the_cookie(house: House, token: str) -> None:
    own = house.make_user(f"page-{token}", "viewer")["Authorization"].split()[1]
    secret = "shared-token-of-the-house" if token == "shared" else own
    answer = house.backend.post("/login", data={"token": secret})
    assert answer.status_code == 303
    value = answer.cookies["pegbox_token"]
    assert secret not in value
    house.backend.cookies.clear()
    as_browser = {"Cookie": f"pegbox_token={value}"}
    me = house.backend.get("/api/auth/me", headers=as_browser).json()
    assert me["role"] == ("admin" if token == "shared" else "viewer")
    if token == "api":
        house.backend.delete(f"/api/tokens/{own.split('_')[1]}", headers=house.as_("admin"))
        assert house.backend.get("/api/auth/me", headers=as_browser).status_code == 401
