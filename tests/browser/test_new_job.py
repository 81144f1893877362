"""The wizard for a new job: it says what will run, names what is missing, keeps its draft, and works without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack


@pytest.fixture
def wizard(page: Page, site: Stack, cast: Cast) -> Page:
    page.request.post(f"{site.backend_url}/jobs/new/data", form={"go": "discard"})
    page.goto(f"{site.backend_url}/jobs/new?dataset={cast.dataset}")
    expect(page).to_have_url(re.compile("/jobs/new/model$"))
    return page


def go_to(page: Page, step: str) -> None:
    page.get_by_role("navigation", name="Steps").get_by_role("link", name=step).click()
    expect(page.get_by_role("heading", name=step, level=2)).to_be_visible()


def test_five_steps_lead_to_a_job(wizard: Page) -> None:
    for step in ("method", "resources", "review"):
        wizard.get_by_role("button", name=f"Next: {step}").click()
        expect(wizard).to_have_url(re.compile(f"/jobs/new/{step}$"))
    wizard.get_by_label("Name").fill("Made in the browser")
    wizard.locator("#start").click()
    expect(wizard.get_by_role("heading", name="Made in the browser")).to_be_visible()
    expect(wizard.locator(".pill").first).to_have_text("Queued")
    expect(wizard.get_by_role("region", name="Queue")).to_be_visible()


def test_the_receipt_follows_what_is_typed(wizard: Page) -> None:
    receipt = wizard.locator("#receipt")
    expect(receipt).to_contain_text("198 steps")
    expect(receipt).to_contain_text("1\u202f044 + 116 held out")
    go_to(wizard, "Method")
    wizard.get_by_label("Epochs").fill("5")
    expect(receipt).to_contain_text("330 steps")
    wizard.locator("summary", has_text="Schedule").click()
    wizard.get_by_role("textbox", name="Steps", exact=True).fill("500")
    expect(receipt).to_contain_text("500 steps")


def test_the_draft_outlives_a_reload_and_a_step(wizard: Page) -> None:
    go_to(wizard, "Resources")
    wizard.get_by_label("Batch size").fill("4")
    expect(wizard.locator("#draft-note")).to_have_text("Draft saved.")
    wizard.reload()
    expect(wizard.get_by_label("Batch size")).to_have_value("4")
    go_to(wizard, "Review")
    expect(wizard.get_by_text("4 instead of 16")).to_be_visible()
    wizard.get_by_role("button", name="Start over").click()
    go_to(wizard, "Resources")
    expect(wizard.get_by_label("Batch size")).to_have_value("16")


def test_the_button_names_what_is_missing_and_leads_there(wizard: Page) -> None:
    start = wizard.locator("#start")
    go_to(wizard, "Resources")
    wizard.get_by_label("Batch size").fill("0")
    expect(start).to_have_text("Check “Batch size”")
    expect(wizard.get_by_label("Batch size")).to_have_attribute("aria-invalid", "true")
    go_to(wizard, "Model")
    start.click()
    expect(wizard).to_have_url(re.compile("/jobs/new/resources"))
    expect(wizard.get_by_label("Batch size")).to_be_focused()
    expect(wizard.get_by_role("alert")).to_contain_text("Check “Batch size”")
    reset = wizard.get_by_role("button", name=re.compile("Reset to 16.*Batch size"))
    reset.click()
    expect(start).to_have_text("Start training")
    expect(reset).to_be_hidden()


def test_method_and_rate_follow_the_model_until_they_are_chosen(wizard: Page) -> None:
    wizard.get_by_role("radio", name="Qwen3 0.6B").check()
    go_to(wizard, "Method")
    expect(wizard.locator("input[name=method][value=lora]")).to_be_checked()
    expect(wizard.get_by_label("Rank")).to_be_visible()
    expect(wizard.get_by_label("Learning rate")).to_have_value("0.0002")
    wizard.locator("input[name=method][value=full]").check()
    expect(wizard.get_by_label("Rank")).to_be_hidden()
    expect(wizard.get_by_label("Learning rate")).to_have_value("2e-05")
    go_to(wizard, "Model")
    wizard.locator("input[name=model][value=starter]").check()
    go_to(wizard, "Method")
    expect(wizard.get_by_label("Learning rate")).to_have_value("0.003")


def test_save_without_starting_keeps_it_for_later(wizard: Page) -> None:
    go_to(wizard, "Review")
    wizard.get_by_label("Name").fill("For later")
    wizard.get_by_role("button", name="Save without starting").click()
    expect(wizard.locator(".pill").first).to_have_text("Not started")
    wizard.get_by_role("button", name="Start").click()
    expect(wizard.locator(".pill").first).to_have_text("Queued")


def test_a_copy_starts_from_the_values_of_the_first(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.completed}")
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("Finished run")
    go_to(page, "Resources")
    expect(page.get_by_label("Batch size")).to_have_value("16")


def test_without_script_errors_come_back_at_their_fields(browser: Browser, site: Stack, cast: Cast) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.backend_url}/jobs/new?dataset={cast.dataset}")
        page.get_by_role("button", name="Next: method").click()
        page.get_by_role("radio", name="Full").check()
        page.get_by_role("button", name="Next: resources").click()
        page.get_by_label("Batch size").fill("none")
        page.get_by_role("button", name="Next: review").click()
        expect(page.get_by_label("Batch size")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Batch size")).to_have_value("none")
        page.get_by_label("Batch size").fill("4")
        page.get_by_role("button", name="Next: review").click()
        page.get_by_label("Name").fill("By hand")
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_role("heading", name="By hand")).to_be_visible()
