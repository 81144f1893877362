"""A command from the form to its output, live, with a real worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import AXE, findings
from tests.stack import Stack, http, wait_until

SLOW = 60_000
"""Milliseconds: a busy machine takes its time."""


@pytest.fixture(scope="module")
def workshop(
    browser_type_launch_args: dict[str, Any], built_assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Backend, monitor, and a worker for commands with two pretended GPUs."""
    home = tmp_path_factory.mktemp("workshop") / "home"
    home.mkdir()
    with Stack(home, {"PEGBOX_TRAINING": "0", "PEGBOX_DEVICES": "GPU-a,GPU-b"}) as stack:
        stack.start("worker")
        wait_until(lambda: http.get(f"{stack.backend_url}/api/workers").json(), seconds=90, what="the worker")
        yield stack


def test_from_the_form_to_the_output(page: Page, workshop: Stack) -> None:
    page.goto(f"{workshop.backend_url}/jobs/new/command")
    page.get_by_label("Command", exact=True).fill("echo 'unfinished")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("mend the quotes")

    page.get_by_label("Command", exact=True).fill("for i in 1 2 3; do echo line $i; done; echo oh no >&2; sleep 600")
    page.get_by_label("Run as a shell script").check()
    page.get_by_label("Name").fill("Count")
    page.get_by_label("GPUs").fill("2")
    page.get_by_label("Environment").fill("API_KEY=very-secret\nEPOCHS=3")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="Count")).to_be_visible()
    log = page.locator(".log")
    expect(log).to_contain_text("line 3", timeout=SLOW)
    expect(page.get_by_text("very-secret")).to_have_count(0)
    page.get_by_role("button", name="stderr").click()
    expect(log).to_contain_text("oh no", timeout=SLOW)
    page.get_by_role("button", name="stdout").click()
    page.get_by_placeholder("Search the log").fill("LINE 2")
    expect(log).to_have_text(re.compile(r"^\s*2\s*line 2\s*$"), timeout=SLOW)

    address = page.url
    page.goto(workshop.backend_url)
    card = page.get_by_role("article").filter(has_text="Count")
    expect(card).to_contain_text("for i in 1 2 3")
    expect(card).not_to_contain_text("loss")
    page.goto(f"{workshop.backend_url}/queue")
    expect(page.get_by_role("link", name="Count", exact=True)).to_have_count(2)
    for size in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(address)
        expect(log).to_contain_text("line 3", timeout=SLOW)
        page.evaluate(AXE)
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the command").click()
    expect(page.locator(".pill")).to_have_text("Cancelled", timeout=SLOW)
    page.get_by_role("button", name="Run again").click()
    expect(page.locator(".pill")).to_have_text("Running", timeout=SLOW)
    assert page.url != address
