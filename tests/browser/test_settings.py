"""A reader's choices are kept in the browser and begin every page; the address still wins."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack


def test_choices_are_kept_and_can_be_forgotten(page: Page, site: Stack, cast: Cast) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{site.backend_url}/settings")
    expect(page.get_by_role("row", name="Data folder")).to_contain_text("PEGBOX_HOME")
    page.get_by_label("Theme", exact=True).select_option("dark")
    page.get_by_label("X axis of charts").select_option("epoch")
    page.get_by_label("Logarithmic loss").check()
    expect(page.get_by_text("Kept in this browser.")).to_be_visible()
    page.goto(f"{site.backend_url}/jobs/{cast.completed}")
    expect(page.get_by_role("button", name="Epoch")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.get_by_role("button", name="Step", exact=True).click()
    assert page.url.endswith("?x=step")
    page.reload()
    expect(page.get_by_role("button", name="Step", exact=True)).to_have_attribute("aria-pressed", "true")
    page.goto(f"{site.backend_url}/settings")
    page.get_by_role("button", name="Back to the defaults").click()
    expect(page.get_by_label("X axis of charts")).to_have_value("step")
    assert page.evaluate("localStorage.length") == 0
