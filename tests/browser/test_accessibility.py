"""Every page, in both themes, on a desk and on a phone: no finding of axe-core, and nothing to scroll sideways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from frontend import TEMPLATES
from tests.browser.cast import Cast
from tests.stack import Stack

AXE = (TEMPLATES.parent / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""All that another theme can change."""

PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PAGES = {
    "overview": "/",
    "datasets": "/datasets",
    "dataset": "/datasets/{dataset}",
    "dataset chats": "/datasets/{dataset}?view=chat",
    "dataset versions": "/datasets/{versioned}/versions",
    "dataset changes": "/datasets/{versioned}/diff?from=v1.0.0&to=v1.1.0&by=id",
    "models": "/models",
    "model": "/models/starter",
    "model of the hub": "/models/Qwen/Qwen3-0.6B",
    "jobs": "/jobs",
    "new job, data": "/jobs/new/data",
    "new job, model": "/jobs/new/model",
    "new job, method": "/jobs/new/method",
    "new job, resources": "/jobs/new/resources",
    "new job, review": "/jobs/new/review",
    "job running": "/jobs/{running}",
    "job answers": "/jobs/{completed}?tab=answers",
    "job logs": "/jobs/{failed}?tab=logs",
    "job configuration": "/jobs/{completed}?tab=configuration",
    "job failed": "/jobs/{failed}",
    "job waiting": "/jobs/{queued}",
    "job unready": "/jobs/{unready}",
    "experiments": "/experiments",
    "experiment of jobs": "/experiments/browser",
    "experiment of scripts": "/experiments/Scripts?sort=metric:train_loss",
    "new command": "/jobs/new/command",
    "queue": "/queue",
    "runs": "/runs",
    "run": "/runs/{script}",
    "run media": "/runs/{script}?tab=media",
    "run files": "/runs/{script}?tab=files",
    "run settings": "/runs/{script}?tab=settings",
    "compare": "/compare?runs={completed},{failed},{running}&show=all",
    "compare nothing": "/compare",
    "system": "/system",
    "settings": "/settings",
    "login": "/login",
    "setup": "/setup",
    "account": "/account",
    "users": "/users",
    "audit": "/audit",
    "not found": "/jobs/job_of_nobody",
}


def findings(page: Page, rules: Sequence[str] = ()) -> list[tuple[str, list[str]]]:
    """Violations of these rules, else of all, as (rule, elements). The script goes in by evaluation: the page's content policy
    stays in force."""
    page.evaluate(AXE)
    wanted = {"type": "rule", "values": [*rules]} if rules else {"type": "tag", "values": RULES}
    result: dict[str, Any] = page.evaluate("wanted => axe.run({runOnly: wanted})", wanted)
    return [(item["id"], [node["html"][:160] for node in item["nodes"]]) for item in result["violations"]]


def settle(page: Page) -> None:
    """Until components have drawn and data has come."""
    page.evaluate("document.fonts.ready")
    for waiting in ("Loading…", "Reading…", "Loading answers…"):
        expect(page.get_by_text(waiting, exact=True).locator("visible=true")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_finding(page: Page, site: Stack, cast: Cast, name: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(site.backend_url + PAGES[name].format(**vars(cast)))
    expect(page.locator("h1")).to_be_visible()
    settle(page)
    assert findings(page) == []
    change_theme(page, "dark")
    assert findings(page, COLOURS) == []

    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    page.evaluate(PAINTED)
    assert findings(page) == []
    change_theme(page, "light")
    assert findings(page, COLOURS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def change_theme(page: Page, theme: Literal["dark", "light"]) -> None:
    """As the system would; reduced motion, so that no colour is on its way to another."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.evaluate(PAINTED)


def test_a_planted_fault_is_found(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs")
    page.evaluate(
        """() => {
            const text = document.createElement("p");
            text.textContent = "faint";
            text.style.color = "#bbb";
            document.querySelector("main").append(text, document.createElement("button"));
        }"""
    )
    assert {rule for rule, _ in findings(page)} >= {"button-name", "color-contrast"}
    assert {rule for rule, _ in findings(page, COLOURS)} == {"color-contrast"}


def test_dialogs_and_palette_have_no_finding(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.running}")
    settle(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("dialog", name="Stop “Live run” for good?")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show Loss as a table").click()
    expect(page.get_by_role("dialog", name="Loss")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    assert findings(page) == []
