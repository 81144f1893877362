"""The page that describes the API: it sends requests, and asks nobody else for anything."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.stack import Stack


def try_out(page: Page, operation: str) -> Locator:
    """The opened form of an operation."""
    details = page.locator(f'[id="{operation}"] ~ details').first
    details.locator("summary").click()
    return details


@pytest.mark.parametrize("service", ["backend", "monitor"])
def test_an_operation_is_tried_out(page: Page, site: Stack, service: str) -> None:
    url = site.backend_url if service == "backend" else site.monitor_url
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}/api/docs")
    form = try_out(page, "GET:/healthz")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text('{"status":"healthy"}')
    assert asked
    assert [address for address in asked if not address.startswith((url, "data:"))] == []


def test_paths_queries_and_bodies_are_filled_in(page: Page, site: Stack) -> None:
    page.goto(f"{site.backend_url}/docs")
    form = try_out(page, "GET:/api/jobs/{uid}")
    form.get_by_label("uid").fill("no such/job")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text("404")
    form = try_out(page, "GET:/api/jobs")
    form.get_by_label("limit").fill("0")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text("query.limit")
    form = try_out(page, "POST:/api/jobs")
    form.get_by_label("Body").fill('{"name": ""}')
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text("422")


def test_a_stream_that_does_not_end_is_shown_as_it_comes(page: Page, site: Stack) -> None:
    page.goto(f"{site.monitor_url}/docs")
    page.request.post(f"{site.monitor_url}/api/runs", data={"id": "run-watched", "experiment": "streams"})
    form = try_out(page, "GET:/api/runs/{run_id}/stream")
    form.get_by_label("run_id").fill("run-watched")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text("running")
    page.request.patch(f"{site.monitor_url}/api/runs/run-watched", data={"status": "finished"})
