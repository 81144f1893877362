"""From the first account to a viewer's session that ends under their hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIDY
from tests.browser.test_accessibility import findings
from tests.stack import Stack, http

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def house(built_assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everybody is asked, and there is nobody yet."""
    home = tmp_path_factory.mktemp("accounts") / "home"
    home.mkdir()
    with Stack(home, {**TIDY, "PEGBOX_AUTH": "required"}) as stack:
        yield stack


def sign_in(page: Page, house: Stack, name: str, path: str = "/") -> None:
    page.goto(house.backend_url + path)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_from_the_first_account_to_a_session_that_ends(page: Page, house: Stack, browser: Browser) -> None:
    page.goto(house.backend_url)
    expect(page.get_by_role("heading", name="Make the first account")).to_be_visible()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.get_by_role("link", name="Users").click()
    page.get_by_label("Name", exact=True).fill("joan")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_role("cell", name="joan", exact=True)).to_be_visible()

    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_label("What it is for").fill("nightly")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("code.secret").inner_text()
    me = http.get(f"{house.backend_url}/api/auth/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert (me["name"], me["via"]) == ("ada", "api_token")
    assert findings(page) == []

    context = browser.new_context()
    viewer = context.new_page()
    sign_in(viewer, house, "joan", "/models/starter")
    expect(viewer.get_by_role("note")).to_contain_text("your role is viewer")
    off = viewer.locator('main form[method="post"] button, main button[data-opens]').first
    expect(off).to_have_attribute("aria-disabled", "true")
    assert findings(viewer) == []
    off.click(force=True)
    expect(viewer).to_have_url(f"{house.backend_url}/models/starter")
    expect(viewer.locator("dialog[open]")).to_have_count(0)
    viewer.goto(f"{house.backend_url}/users")
    expect(viewer.get_by_role("heading", name="Not allowed")).to_be_visible()

    viewer.goto(f"{house.backend_url}/runs")  # asks again every five seconds
    page.goto(f"{house.backend_url}/users")
    page.get_by_role("button", name="Disable joan").click()
    expect(viewer).to_have_url(f"{house.backend_url}/login?next=%2Fruns", timeout=90_000)
    expect(viewer.get_by_role("status")).to_contain_text("Your session has ended")
    context.close()

    page.goto(f"{house.backend_url}/audit")
    expect(page.get_by_role("cell", name="Create user", exact=True)).to_be_visible()
