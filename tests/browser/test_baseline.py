"""A job's curves beside those of an ended job."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cast import STEPS, Cast
from tests.stack import Stack, wait_until

LINES = """id => (document.getElementById(id).data?.lines ?? []).map((line) => line.label)"""
BASELINE = """() => {
    const { x, lines } = document.querySelector("#chart-loss").data;
    const line = lines.find((one) => one.label === "baseline");
    const known = line.y.map((y, i) => [x[i], y]).filter(([, y]) => y != null);
    return { color: line.color, dash: line.dash, x: known.map(([x]) => x), y: known.map(([, y]) => y) };
}"""
SHOWN = (
    "id => document.getElementById(id).plot.series.filter((one) => one.line?.label === 'baseline').map((s) => s.show)"
)
BOTH = ["train", "validation", "baseline", "baseline validation"]


def wait_for_lines(page: Page, labels: list[str], chart: str = "chart-loss") -> None:
    wait_until(lambda: page.evaluate(LINES, chart) == labels, what=f"the lines {labels} on {chart}")


@pytest.fixture
def with_baseline(page: Page, site: Stack, cast: Cast) -> Page:
    """The live run with the finished one chosen."""
    page.goto(f"{site.backend_url}/jobs/{cast.running}")
    wait_for_lines(page, ["train", "validation"])
    page.get_by_label("Baseline", exact=True).select_option(label="Finished run")
    wait_for_lines(page, BOTH)
    return page


def test_an_ended_run_lies_behind_the_curves_in_grey(with_baseline: Page) -> None:
    page = with_baseline
    line = page.evaluate(BASELINE)
    assert line["color"] == "--text-3"
    assert line["dash"]
    assert line["x"] == list(range(1, STEPS + 1))
    for name in ("gradient", "rate", "throughput"):
        wait_for_lines(page, ["run", "baseline"], f"chart-{name}")
    expect(page.locator("#chart-loss .legend").get_by_role("button", name="baseline", exact=False)).to_have_count(2)
    button = page.locator("#chart-rate").get_by_role("button", name="baseline")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(SHOWN, "chart-rate") == [False]


def test_it_follows_the_axis_and_the_smoothing(with_baseline: Page) -> None:
    page = with_baseline
    before = page.evaluate(BASELINE)["y"]
    page.get_by_label("Smoothing").fill("6")
    wait_until(lambda: page.evaluate(BASELINE)["y"] != before, what="a smoother baseline")
    page.get_by_role("button", name="Epoch", exact=True).click()
    wait_until(lambda: page.evaluate(BASELINE)["x"][-1] == STEPS / 40, what="epochs on the axis")
    page.get_by_role("button", name="Time", exact=True).click()
    wait_until(lambda: 0 <= page.evaluate(BASELINE)["x"][0] < 30, what="seconds since the baseline's own start")


def test_the_address_keeps_it_and_none_takes_it_away(with_baseline: Page, cast: Cast) -> None:
    page = with_baseline
    assert f"baseline={cast.completed}" in page.url
    page.get_by_role("button", name="Log y").click()
    page.reload()
    wait_for_lines(page, BOTH)
    expect(page.get_by_label("Baseline", exact=True).locator("option:checked")).to_have_text("Finished run")
    page.get_by_label("Baseline", exact=True).select_option(label="none")
    wait_for_lines(page, ["train", "validation"])
    assert "baseline" not in page.url
    assert "log=1" in page.url


def test_a_baseline_that_cannot_be_read_is_told(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.running}")
    wait_for_lines(page, ["train", "validation"])
    page.route(f"**/api/runs/{cast.completed}/series?**", lambda route: route.abort())
    page.get_by_label("Baseline", exact=True).select_option(label="Finished run")
    notice = page.get_by_role("region", name="Notifications")
    expect(notice).to_contain_text("The baseline cannot be read: The service does not answer.")
    wait_for_lines(page, ["train", "validation"])
