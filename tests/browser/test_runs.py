"""Runs of scripts: found in a list, live on a page with a chart for each metric, with what else they keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import pegbox
from pegbox.sdk.recording.run import Run
from tests.stack import Stack, http, wait_until


@pytest.fixture
def run(site: Stack, tmp_path: Path) -> Iterator[Run]:
    """A script that has logged some things and goes on."""
    with pegbox.init(
        experiment="Outside", name="By a script", config={"lr": 0.01, "net": {"depth": 3}}, url=site.monitor_url
    ) as run:
        for step in range(1, 41):
            run.log({"train_loss": 3 / step, "accuracy": step / 50, "layers/first": step * 2.0}, step=step)
        run.log({"weights": pegbox.Histogram([1.0, 2.0, 2.5, 7.0, float("nan")])}, step=40)
        run.log({"notes": pegbox.Text("A sentence <b>of</b> the script")}, step=40)
        run.log({"confusion": pegbox.Table(["truth", "guess"], [["cat", "dog"], ["dog", "dog"]])}, step=40)
        run.alert("Loss is flat", "for ten steps", level="warning")
        file = tmp_path / "notes.txt"
        file.write_text("kept")
        run.log_artifact(file)
        run.flush()
        yield run


def test_a_script_is_found_and_followed_live(page: Page, site: Stack, run: Run) -> None:
    page.goto(f"{site.backend_url}/runs")
    page.get_by_label("Filter by name or experiment").fill("outside script")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="By a script").first.click()
    expect(page.get_by_role("heading", level=1, name="By a script")).to_be_visible()
    page.goto(f"{page.url}?smooth=0")
    charts = page.locator("pb-chart[data-metric]")
    expect(charts).to_have_count(3)
    loss = page.locator("pb-chart[data-metric=train_loss]")
    expect(loss.locator(".legend")).to_contain_text("0.075")
    expect(page.get_by_text("Loss is flat")).to_be_visible()
    expect(page.locator("pb-live-state")).to_contain_text("Live")

    run.log({"train_loss": 0.0421, "perplexity": 9.5}, step=41)
    run.flush()
    expect(loss.locator(".legend")).to_contain_text("0.042")
    # A metric that is new to the page gets a chart of its own.
    expect(page.locator("pb-chart[data-metric=perplexity] .legend")).to_contain_text("9.5")
    run.finish()
    expect(page.locator(".pill").first).to_have_text("Finished")


def test_what_else_it_keeps_has_its_tabs(page: Page, site: Stack, run: Run) -> None:
    page.goto(f"{site.backend_url}/runs/{run.id}?tab=media")
    histogram = page.get_by_role("img", name=re.compile("weights"))
    expect(histogram).to_be_visible()
    expect(page.get_by_text("1 not finite")).to_be_visible()
    expect(page.get_by_text("A sentence <b>of</b> the script")).to_be_visible()
    expect(page.get_by_role("cell", name="cat")).to_be_visible()
    page.get_by_role("navigation", name="Run sections").get_by_role("link", name="Files").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="notes.txt").click()
    assert Path(download.value.path()).read_text() == "kept"
    page.get_by_role("navigation", name="Run sections").get_by_role("link", name="Settings").click()
    expect(page.get_by_text("net.depth")).to_be_visible()


def test_metrics_are_found_by_words(page: Page, site: Stack, run: Run) -> None:
    for number in range(30):
        run.log({f"heads/head_{number:02}": 1.0}, step=41)
    run.flush()
    address = f"{site.backend_url}/runs/{run.id}"
    wait_until(lambda: "24 of 33 metrics" in http.get(address, headers={"Accept": "text/html"}).text)
    page.goto(address)
    page.get_by_label("Find metrics").fill("head_29")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("pb-chart[data-metric]")).to_have_count(1)
    expect(page.get_by_text("1 of 33 metrics")).to_be_visible()


def test_a_jobs_run_leads_to_its_job(page: Page, site: Stack, run: Run) -> None:
    page.goto(f"{site.backend_url}/runs/no-such-run")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
