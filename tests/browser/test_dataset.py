"""A dataset's page: a look at every row, finding rows, and rows as chats."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack


def test_rows_are_found_and_shown_as_chats(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/datasets/{cast.dataset}")
    expect(page.get_by_text("No row repeats another.")).to_be_visible()
    expect(page.get_by_role("img", name="Length of output (output)")).to_be_visible()
    page.get_by_role("searchbox", name="Find rows with these words").fill("str.upper EXPLAIN")
    page.keyboard.press("Enter")
    rows = page.get_by_role("region", name="Rows, scrolls").get_by_role("row")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Chat").click()
    expect(page.locator(".said.user")).to_have_count(1)
    expect(page.locator(".said.model")).to_contain_text("Return a copy of the string converted to uppercase.")
    assert "q=" in page.url
    page.goto(f"{site.backend_url}/datasets/{cast.dataset}?q=nothing+like+this")
    expect(page.get_by_text("none with “nothing like this”")).to_be_visible()
