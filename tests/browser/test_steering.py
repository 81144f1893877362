"""Pause, resume, stop and delete from the job page; what a failed and an unready job say."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast, Director
from tests.stack import Stack


def test_a_waiting_job_pauses_resumes_and_stops(page: Page, site: Stack, director: Director, cast: Cast) -> None:
    uid = director.add_job("Steered run", cast.dataset)
    page.goto(f"{site.backend_url}/jobs/{uid}")
    pill = page.locator(".pill").first
    expect(pill).to_have_text("Queued")
    page.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog", name="Pause “Steered run”?")
    dialog.get_by_role("button", name="Keep training").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    dialog.get_by_role("button", name="Pause").click()
    expect(pill).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(pill).to_have_text("Queued")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the job").click()
    expect(pill).to_have_text("Cancelled")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{site.backend_url}/jobs")
    expect(page.get_by_role("link", name="Steered run")).to_have_count(0)


def test_a_running_job_says_that_it_is_pausing(page: Page, site: Stack, director: Director, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.running}")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="Request")).to_contain_text("Pausing")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    director.post(f"/api/jobs/{cast.running}/resume", {})


def test_a_failed_job_leads_with_its_cause(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.failed}")
    failure = page.get_by_role("region", name="The loss is not finite since step 12.")
    expect(failure).to_contain_text("RuntimeError: the loss is not finite")
    above = failure.bounding_box()
    progress = page.locator("#progress").bounding_box()
    assert above
    assert progress
    assert above["y"] < progress["y"]
    expect(failure).to_contain_text("A lower learning rate usually helps")
    failure.get_by_role("link", name="Try again with changes").click()
    expect(page.get_by_label("Learning rate")).to_be_visible()  # the step where that is mended
    page.get_by_role("navigation", name="Steps").get_by_role("link", name="Review").click()
    expect(page.get_by_label("Name")).to_have_value("Broken run")


def test_an_unready_job_says_what_is_missing(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.unready}")
    expect(page.get_by_text("Dataset UID not found: no-such-dataset")).to_be_visible()


def test_logs_are_kept_apart(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.failed}?tab=logs")
    expect(page.locator(".log")).to_have_text("Nothing on stdout yet.")
    page.get_by_role("button", name="stderr").click()
    expect(page.locator(".log")).to_contain_text("RuntimeError")


def test_the_list_filters_by_state_and_name(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs")
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page.get_by_role("link", name="Broken run")).to_be_visible()
    expect(page.get_by_role("link", name="Finished run")).to_have_count(0)
    page.goto(f"{site.backend_url}/jobs?q=finished")
    expect(page.get_by_role("row")).to_have_count(2)
    page.goto(f"{site.backend_url}/jobs?q=nothing+like+it")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()


def test_a_lists_numbers_move_while_the_page_is_open(page: Page, site: Stack, director: Director, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs?q=renamed")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    director.add_job("Renamed later", cast.dataset)
    expect(page.get_by_role("link", name="Renamed later")).to_be_visible(timeout=10_000)


def test_the_list_is_sorted_by_its_heads(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs")
    expect(page.get_by_role("columnheader", name="Created")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("link", name="Best validation loss").click()
    expect(page.get_by_role("columnheader", name="Best validation loss")).to_have_attribute("aria-sort", "ascending")
    losses = page.locator("#selected-jobs tbody td.n").all_inner_texts()
    known = [float(text) for text in losses if text != "–"]
    assert len(known) >= 3
    assert known == sorted(known)
    assert losses[: len(known)] == [text for text in losses if text != "–"], "what has no loss comes last"
    page.get_by_role("link", name="Name", exact=True).click()
    names = page.locator("#selected-jobs .name").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    page.get_by_role("searchbox").fill("starter live")
    page.keyboard.press("Enter")
    expect(page.locator("#selected-jobs .name")).to_have_text(["Live run"])
    assert "sort=name" in page.url


def test_selected_jobs_are_compared_stopped_and_deleted(
    page: Page, site: Stack, director: Director, cast: Cast
) -> None:
    for name in ("Surplus one", "Surplus two"):
        director.add_job(name, cast.dataset)
    page.goto(f"{site.backend_url}/jobs?q=surplus")
    bar = page.get_by_role("toolbar", name="Selected jobs")
    expect(bar).to_be_hidden()
    for name in ("Surplus one", "Surplus two"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog", name="Stop the selected jobs for good?").get_by_role("button", name="Stop").click()
    page.goto(f"{site.backend_url}/jobs?q=surplus&state=cancelled")
    for name in ("Surplus one", "Surplus two"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete the selected jobs?").get_by_role("button", name="Delete").click()
    page.goto(f"{site.backend_url}/jobs?q=surplus")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    page.goto(f"{site.backend_url}/jobs?q=run")
    for name in ("Finished run", "Broken run"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    bar.get_by_role("button", name="Compare").click()
    expect(page.locator(".run-chips li")).to_have_count(2)
