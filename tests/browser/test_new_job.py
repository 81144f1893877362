"""The form for a new job: it says what will run, names what is missing, and works without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack


@pytest.fixture
def form(page: Page, site: Stack, cast: Cast) -> Page:
    page.goto(f"{site.backend_url}/jobs/new?dataset={cast.dataset}")
    expect(page.get_by_role("heading", name="New job")).to_be_visible()
    return page


def test_the_receipt_counts_the_steps(form: Page) -> None:
    steps = form.locator("[data-receipt=steps]")
    form.get_by_label("Batch size").fill("16")
    expect(steps).to_have_text("198 steps")
    expect(form.locator("[data-receipt=rows]")).to_have_text("1\u202f044 + 116 held out")
    form.get_by_label("Epochs").fill("5")
    expect(steps).to_have_text("330 steps")
    form.get_by_text("More: schedule, evaluation, memory").click()
    form.get_by_label("Steps", exact=True).fill("500")
    expect(steps).to_have_text("500 steps")
    expect(form.locator("#changed-count")).to_have_text("1 changed")


def test_the_button_names_what_is_missing_and_leads_there(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/new")
    start = page.locator("#start")
    radios = page.locator("input[name=dataset]")
    if radios.count() > 1:
        # The button is disabled in words only, so that pressing it can lead on.
        expect(start).to_have_text("Choose a dataset")
        start.click(force=True)
        expect(radios.first).to_be_focused()
        radios.first.check()
    page.get_by_label("Batch size").fill("0")
    expect(start).to_have_text("Check “Batch size”")
    start.click(force=True)
    expect(page.get_by_label("Batch size")).to_be_focused()
    page.get_by_label("Batch size").fill("8")
    page.get_by_label("Name").fill("")
    expect(start).to_have_text("Give the job a name")
    page.get_by_label("Name").fill("A name")
    expect(start).to_have_text("Start training")


def test_the_method_follows_the_model_until_it_is_chosen(form: Page) -> None:
    form.get_by_role("radio", name="Qwen3 0.6B").check()
    expect(form.get_by_role("radio", name="LoRA", exact=False).first).to_be_checked()
    expect(form.get_by_label("Rank")).to_be_visible()
    expect(form.get_by_label("Learning rate")).to_have_attribute("placeholder", "0.0002")
    form.get_by_role("radio", name="Full").check()
    expect(form.get_by_label("Rank")).to_be_hidden()
    form.locator("input[name=model][value=starter]").check()
    expect(form.get_by_role("radio", name="Full")).to_be_checked()
    expect(form.get_by_label("Learning rate")).to_have_attribute("placeholder", "0.003")


def test_start_queues_the_job(form: Page) -> None:
    form.get_by_label("Name").fill("Made in the browser")
    form.locator("#start").click()
    expect(form.get_by_role("heading", name="Made in the browser")).to_be_visible()
    expect(form.locator(".pill").first).to_have_text("Queued")
    expect(form.get_by_role("region", name="Queue")).to_be_visible()


def test_save_without_starting_keeps_it_for_later(form: Page) -> None:
    form.get_by_label("Name").fill("For later")
    form.get_by_role("button", name="Save without starting").click()
    expect(form.locator(".pill").first).to_have_text("Not started")
    form.get_by_role("button", name="Start").click()
    expect(form.locator(".pill").first).to_have_text("Queued")


def test_a_copy_starts_from_the_values_of_the_first(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.completed}")
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Batch size")).to_have_value("16")
    expect(page.get_by_label("Name")).to_have_value("Finished run")


def test_without_script_errors_come_back_at_their_fields(browser: Browser, site: Stack, cast: Cast) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.backend_url}/jobs/new?dataset={cast.dataset}")
        page.get_by_role("radio", name="Full").check()
        page.get_by_label("Name").fill("By hand")
        page.get_by_label("Batch size").fill("none")
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_label("Batch size")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Name")).to_have_value("By hand")
        page.get_by_label("Batch size").fill("4")
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_role("heading", name="By hand")).to_be_visible()
