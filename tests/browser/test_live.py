"""Live: points arrive as they are logged, by WebSocket or by polling, none lost and none twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.cast import STEPS, Claimed, Director, log_step
from tests.browser.conftest import TIDY
from tests.stack import Stack, wait_until

STEPS_SHOWN = "document.querySelector('#chart-gradient').data?.x ?? []"
STATES = """() => {
    const badge = document.querySelector("pb-live-state");
    window.states = [badge.querySelector("[role=status]").textContent];
    new MutationObserver(() => {
        const text = badge.querySelector("[role=status]")?.textContent;
        if (text && states.at(-1) !== text) states.push(text);
    }).observe(badge, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture
def live(built_assets: Path, tmp_path: Path, browser_type_launch_args: dict[str, Any]) -> Iterator[Stack]:
    """A stack of its own: these tests cut lines and kill the monitor."""
    home = tmp_path / "live"
    home.mkdir()
    with Stack(home, TIDY) as stack:
        yield stack


@pytest.fixture
def director(live: Stack) -> Iterator[Director]:
    director = Director(live)
    yield director
    director.close()


@pytest.fixture
def job(director: Director) -> Claimed:
    """A running job with some history."""
    director.add_job("Live run", director.add_dataset())
    claimed = director.claim()
    director.train(claimed)
    return claimed


def log_steps(job: Claimed, start: int, end: int) -> None:
    for step in range(start + 1, end + 1):
        log_step(job.run, step)
    job.run.flush()


def expect_steps(page: Page, last: int) -> None:
    """The chart holds each step once: step 30 is the gap of its bad value."""
    wait_until(lambda: (page.evaluate(STEPS_SHOWN) or [0])[-1] >= last, what=f"step {last} on the chart")
    assert page.evaluate(STEPS_SHOWN) == list(range(1, last + 1))


def test_points_arrive_while_the_page_is_open(page: Page, live: Stack, director: Director, job: Claimed) -> None:
    page.goto(f"{live.backend_url}/jobs/{job.uid}")
    badge = page.locator("pb-live-state [role=status]")
    expect(badge).to_have_text("Live")
    expect_steps(page, STEPS)
    log_steps(job, STEPS, STEPS + 5)
    expect_steps(page, STEPS + 5)
    expect(page.locator("#progress [data-field=step]")).to_have_text(str(STEPS + 5))
    director.evaluate(job, STEPS + 5)
    job.run.flush()
    expect(page.locator("pb-events li").first).to_contain_text(f"Checkpoint at step {STEPS + 5}")


def test_without_the_socket_it_polls_and_comes_back(page: Page, live: Stack, job: Claimed) -> None:
    """The socket is cut for a while; what is logged meanwhile comes by polling, with the same cursor."""
    line: dict[str, Any] = {"cut": False, "open": []}

    def route(socket: WebSocketRoute) -> None:
        if line["cut"]:
            socket.close(code=1001)
            return
        server = socket.connect_to_server()
        line["open"].append((socket, server))

    page.route_web_socket("**/ws/runs/**", route)
    page.goto(f"{live.backend_url}/jobs/{job.uid}")
    badge = page.locator("pb-live-state [role=status]")
    expect(badge).to_have_text("Live")
    page.evaluate(STATES)
    line["cut"] = True
    for socket, server in line["open"]:
        server.close()
        socket.close(code=1001)
    expect(badge).to_have_text("Reconnecting…")
    log_steps(job, STEPS, STEPS + 10)
    expect(badge).to_have_text("Polling every 3 s", timeout=20_000)
    expect_steps(page, STEPS + 10)
    log_steps(job, STEPS + 10, STEPS + 15)
    expect_steps(page, STEPS + 15)
    line["cut"] = False
    log_steps(job, STEPS + 15, STEPS + 20)
    expect(badge).to_have_text("Live", timeout=40_000)
    log_steps(job, STEPS + 20, STEPS + 25)
    expect_steps(page, STEPS + 25)
    assert page.evaluate("states") == ["Live", "Reconnecting…", "Polling every 3 s", "Live"]


def test_a_monitor_that_dies_is_offline_and_nothing_is_lost(page: Page, live: Stack, job: Claimed) -> None:
    page.goto(f"{live.backend_url}/jobs/{job.uid}")
    badge = page.locator("pb-live-state [role=status]")
    stale = page.locator("pb-chart").get_by_text("stale")
    loss = page.locator("#chart-loss .chart-body")
    expect(badge).to_have_text("Live")
    expect(stale).to_have_count(0)
    live.kill("monitor")
    expect(badge).to_have_text("Offline", timeout=30_000)
    expect(stale).to_have_count(page.locator("pb-chart").count())
    expect(stale.first).to_be_visible()
    expect(stale.first).to_have_text("stale: the monitor does not answer, newer points may be missing")
    expect(loss).to_have_attribute("aria-label", re.compile("stale, the monitor does not answer"))
    for step in range(STEPS + 1, STEPS + 6):
        log_step(job.run, step)
    expect(page.locator("#progress [data-field=step]")).to_have_text(str(STEPS))
    live.start("monitor")
    expect(badge).to_have_text("Live", timeout=40_000)
    expect(stale).to_have_count(0)
    expect(loss).not_to_have_attribute("aria-label", re.compile("stale"))
    expect_steps(page, STEPS + 5)


def test_the_end_of_the_job_shows_its_result(page: Page, live: Stack, director: Director, job: Claimed) -> None:
    page.goto(f"{live.backend_url}/jobs/{job.uid}")
    expect(page.locator("pb-live-state [role=status]")).to_have_text("Live")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    director.report(job, "completed", step=STEPS, result={"steps": STEPS, "exact_match": {"correct": 9, "total": 10}})
    expect(page.get_by_role("region", name="Result")).to_contain_text("9 of 10 held-out answers word for word")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    expect(page.locator("pb-live-state [role=status]")).to_have_text("Final")
