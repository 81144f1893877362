"""An empty server, and one that asks for a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TIDY
from tests.browser.test_accessibility import findings, settle
from tests.stack import Stack

TOKEN = "open-sesame"


@pytest.fixture
def guarded(built_assets: Path, tmp_path: Path, browser_type_launch_args: dict[str, Any]) -> Iterator[Stack]:
    """Nothing on it, and a token to enter."""
    home = tmp_path / "guarded"
    home.mkdir()
    with Stack(home, {**TIDY, "PEGBOX_TOKEN": TOKEN}) as stack:
        yield stack


def test_signing_in_leads_to_three_first_steps(page: Page, guarded: Stack) -> None:
    page.goto(guarded.backend_url)
    expect(page.get_by_role("heading", name="Sign in to Pegbox")).to_be_visible()
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not a token of this server")
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("heading", name="Add data")).to_be_visible()
    # The monitor on its own port knows the cookie too.
    expect(page.locator("pb-machine .gauge").first).to_be_visible()
    settle(page)
    assert findings(page) == []
    for path in ("/datasets", "/jobs", "/jobs/new"):
        page.goto(guarded.backend_url + path)
        settle(page)
        assert findings(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{guarded.backend_url}/jobs")
    expect(page.get_by_role("heading", name="Sign in to Pegbox")).to_be_visible()
