"""What every page has: skip link, palette, theme, the rail; and the hub search with and without a hub."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack

SCHEME = "getComputedStyle(document.documentElement).colorScheme"
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"


def test_the_first_tab_skips_to_the_content(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_palette_finds_pages_and_records(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/")
    page.get_by_role("button", name="Search or jump to").click()
    box = page.get_by_role("combobox", name="Type a command")
    expect(box).to_be_focused()
    box.fill("broken run")
    options = page.get_by_role("dialog").get_by_role("option")
    expect(options.first).to_contain_text("Broken run")
    box.press("Enter")
    expect(page.get_by_role("heading", name="Broken run")).to_be_visible()
    page.keyboard.press("Control+k")
    box.fill("script run")
    expect(options.first).to_contain_text("Script run")
    box.fill("no such thing")
    expect(page.get_by_text("Nothing is called “no such thing”.")).to_be_visible()


def test_the_theme_follows_the_system_until_it_is_chosen(page: Page, site: Stack, cast: Cast) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(f"{site.backend_url}/")
    dark = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Switch light or dark theme").click()
    assert page.evaluate(SCHEME) == "light"
    assert page.evaluate(BACKGROUND) != dark
    page.goto(f"{site.backend_url}/jobs")
    assert page.evaluate(SCHEME) == "light"


def test_on_a_phone_the_rail_is_a_bar_at_the_bottom(page: Page, site: Stack, cast: Cast) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.backend_url}/datasets")
    bar = page.locator(".rail").bounding_box()
    assert bar
    assert bar["y"] + bar["height"] == 844
    entries = page.locator(".rail li :is(a, button):visible")
    assert all((entries.nth(index).bounding_box() or {"width": 0})["width"] > 44 for index in range(entries.count()))
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.keyboard.type("compare")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()


def test_without_a_hub_the_search_says_so_and_leads_on(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/models")
    page.get_by_role("searchbox", name="Search the model hub").fill("qwen")
    expect(page.get_by_role("heading", name="The hub is out of reach")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_model_is_added_and_removed(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/models")
    page.get_by_label("Hub id, or a folder on the worker's machine").fill("acme/tiny-model")
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.get_by_text("acme/tiny-model")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Remove tiny-model")).click()
    dialog = page.get_by_role("dialog", name="Remove “tiny-model”?")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("acme/tiny-model")).to_have_count(0)


def test_a_bad_model_id_is_refused_in_place(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/models")
    page.get_by_label("Hub id, or a folder on the worker's machine").fill("/no/such/folder")
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no folder")


def test_a_page_that_is_not_there_says_so(page: Page, site: Stack, cast: Cast) -> None:
    response = page.goto(f"{site.backend_url}/jobs/job_of_nobody")
    assert response
    assert response.status == 404
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()


def test_keys_lead_to_pages_and_through_lists(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/")
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#selected-jobs .name").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#selected-jobs .name").nth(0)).to_be_focused()
    page.get_by_role("searchbox").focus()
    page.keyboard.type("gc")
    expect(page.get_by_role("searchbox")).to_have_value("gc")


def test_the_tab_tells_how_far_a_job_is(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.running}")
    expect(page).to_have_title("50 % Live run · Pegbox")
    icon = page.locator("link[rel=icon]").get_attribute("href") or ""
    assert "stroke-dasharray" in icon
    page.goto(f"{site.backend_url}/jobs/{cast.failed}")
    expect(page).to_have_title("✗ Broken run · Pegbox")
