"""Runs side by side, live ones through one socket."""

from __future__ import annotations

from playwright.sync_api import Page, WebSocket, expect

import pegbox
from tests.browser.cast import STEPS, Cast
from tests.stack import Stack, wait_until

LAST_X = "document.querySelector('#chart-loss').data?.x.at(-1)"
LINES = "document.querySelector('#chart-loss').data?.lines.map((line) => line.label)"


def test_two_jobs_and_what_differs(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/compare?runs={cast.completed},{cast.failed}")
    wait_until(lambda: page.evaluate(LINES) == ["Finished run", "Broken run"], what="two curves")
    metrics = page.get_by_role("region", name="Final metrics")
    expect(metrics.get_by_role("row", name="validation_loss", exact=False).first).to_contain_text("best")
    expect(page.get_by_text("These runs have the same settings.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("region", name="Settings").get_by_role("rowheader", name="Learning rate")).to_be_visible()
    answers = page.get_by_role("region", name="Answers to the same prompts")
    expect(answers.get_by_role("row", name="What does len do?")).to_contain_text("the the the")
    page.get_by_role("link", name="Take Broken run out of the comparison").click()
    expect(page.get_by_role("heading", name="Broken run")).to_have_count(0)
    wait_until(lambda: page.evaluate(LINES) == ["Finished run"], what="one curve")


def test_runs_are_picked_from_a_list(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/compare")
    page.get_by_role("checkbox", name="Finished run").check()
    page.get_by_role("checkbox", name="Live run").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".run-chips li")).to_have_count(2)
    assert "runs=" in page.url


def test_a_script_of_ones_own_is_live_beside_a_job(page: Page, site: Stack, cast: Cast) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    with pegbox.init(
        experiment="own", name="own loop", config={"lr": {"start": 0.1}}, url=site.monitor_url, home=site.home
    ) as run:
        run.log({"train_loss": 3.0}, step=STEPS + 1)
        run.flush()
        page.goto(f"{site.backend_url}/compare?runs={cast.running},{run.id}&show=all")
        wait_until(lambda: page.evaluate(LAST_X) == STEPS + 1, what="the script's first point")
        run.log({"train_loss": 2.0}, step=STEPS + 5)
        wait_until(lambda: page.evaluate(LAST_X) == STEPS + 5, what="a live point")
        expect(page.get_by_role("rowheader", name="lr.start")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    assert [socket.url.rsplit("/", 1)[-1] for socket in sockets] == ["live"]


def test_what_is_not_there_is_said(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/compare?runs={cast.completed},run-of-nobody")
    expect(page.get_by_text("Not found: run-of-nobody.")).to_be_visible()
