"""Experiments in the browser: made, starred, found with the keyboard; runs put in order and compared."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack, http


def test_from_a_new_one_to_a_comparison(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1, name="Experiments")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Rates <i>")
    page.get_by_label("Tags").fill("task: sums, draft")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1, name="Rates <i>")).to_be_visible()
    expect(page.get_by_text("No run yet")).to_be_visible()
    page.get_by_role("button", name="Star Rates <i>").click()
    expect(page.get_by_role("button", name="Star Rates <i>")).to_have_attribute("aria-pressed", "true")

    for rate, loss in (("0.1", 0.5), ("0.2", 0.25), ("0.3", 0.75)):
        run = {"id": f"rate-{rate}", "experiment": "Rates <i>", "name": f"Rate {rate}", "config": {"rate": rate}}
        http.post(f"{site.monitor_url}/api/runs", json=run).raise_for_status()
        end = {"summary": {"train_loss": loss}, "status": "finished"}
        http.patch(f"{site.monitor_url}/api/runs/rate-{rate}", json=end).raise_for_status()
    page.reload()
    names = page.locator("tbody a.name")
    expect(names).to_have_text(["Rate 0.3", "Rate 0.2", "Rate 0.1"])
    page.get_by_role("link", name="train_loss").click()
    expect(names).to_have_text(["Rate 0.2", "Rate 0.1", "Rate 0.3"])
    expect(page.get_by_role("columnheader", name="train_loss")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".best-values")).to_contain_text("Rate 0.2")
    page.get_by_role("checkbox", name="Select Rate 0.1").check()
    page.get_by_role("checkbox", name="Select Rate 0.3").check()
    expect(page.locator(".selection-count")).to_have_text("2 selected")
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("/compare\\?"))
    expect(page.locator("main")).to_contain_text("Rate 0.3")


def test_it_is_described_in_place(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/experiments/browser")
    page.get_by_text("Edit description and tags").click()
    page.get_by_label("Description").fill("What the browser looks at")
    page.get_by_label("Tags").fill("kind: test")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".prose")).to_have_text("What the browser looks at")
    expect(page.locator(".title .tag")).to_have_text("kind: test")
    page.keyboard.press("Control+k")
    page.keyboard.type("browser")
    expect(page.get_by_role("dialog").get_by_text("Experiment", exact=True).first).to_be_visible()
