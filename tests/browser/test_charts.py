"""The charts of a job: keyboard, brush, table, and a view that the address keeps."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cast import STEPS, Cast, Director
from tests.stack import Stack, wait_until

RANGE = "id => { const x = document.getElementById(id).plot.scales.x; return [x.min, x.max]; }"


@pytest.fixture
def charts(page: Page, site: Stack, cast: Cast) -> Page:
    """The page of the finished job, drawn."""
    page.goto(f"{site.backend_url}/jobs/{cast.completed}")
    last = "document.querySelector('#chart-loss').data?.x.at(-1)"
    wait_until(lambda: page.evaluate(last) == STEPS, what="the drawn curve")
    return page


def test_arrow_keys_move_the_cursor_on_all_charts(charts: Page) -> None:
    charts.locator("#chart-loss .chart-body").focus()
    for _ in range(3):
        charts.keyboard.press("ArrowLeft")
    expect(charts.locator("#chart-loss .unit")).to_contain_text(f"at {STEPS - 2}")
    expect(charts.locator("#chart-gradient .unit")).to_contain_text(f"at {STEPS - 2}")


def test_the_spoken_summary_names_the_values(charts: Page) -> None:
    summary = charts.locator("#chart-gradient .chart-body").get_attribute("aria-label") or ""
    assert "Gradient norm" in summary
    assert "not finite" in summary


def test_a_brush_zooms_all_charts_and_reset_brings_everything_back(charts: Page) -> None:
    box = charts.locator("#chart-loss .u-over").bounding_box()
    assert box
    y = box["y"] + 100
    charts.mouse.move(box["x"] + box["width"] * 0.25, y)
    charts.mouse.down()
    charts.mouse.move(box["x"] + box["width"] * 0.5, y, steps=6)
    charts.mouse.up()
    loss, rate = charts.evaluate(RANGE, "chart-loss"), charts.evaluate(RANGE, "chart-rate")
    assert loss == pytest.approx(rate, rel=1e-6)
    assert 0.2 * STEPS < loss[1] - loss[0] < 0.3 * STEPS
    charts.get_by_role("button", name="Reset zoom").click()
    assert charts.evaluate(RANGE, "chart-rate")[1] == STEPS
    expect(charts.get_by_role("button", name="Reset zoom")).to_be_hidden()


def test_keys_zoom_too(charts: Page) -> None:
    charts.locator("#chart-loss .chart-body").focus()
    charts.keyboard.press("+")
    low, high = charts.evaluate(RANGE, "chart-rate")
    assert high - low == pytest.approx(STEPS / 2)
    charts.keyboard.press("0")
    assert charts.evaluate(RANGE, "chart-loss") == [0, STEPS]


def test_the_address_keeps_the_view(charts: Page) -> None:
    charts.get_by_role("button", name="Time", exact=True).click()
    charts.get_by_role("button", name="Log y").click()
    assert "x=time" in charts.url
    assert "log=1" in charts.url
    charts.reload()
    expect(charts.get_by_role("button", name="Time", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(charts.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")


def test_a_line_can_be_hidden(charts: Page) -> None:
    button = charts.locator("#chart-loss").get_by_role("button", name="validation")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert charts.evaluate("document.querySelector('#chart-loss').plot.series.at(-1).show") is False


def test_the_numbers_can_be_read_as_a_table(charts: Page) -> None:
    charts.get_by_role("button", name="Show Loss as a table").click()
    dialog = charts.get_by_role("dialog", name="Loss")
    expect(dialog.get_by_role("columnheader", name="validation")).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(STEPS + 2)


def test_best_value_and_answers_are_told(charts: Page) -> None:
    expect(charts.locator("[data-note=validation_loss]")).to_have_text("best so far")
    expect(charts.locator("[data-field=answers_total]")).to_have_text("of 2 word for word")
    charts.get_by_role("link", name="Answers").click()
    first = charts.locator("pb-answers article").first
    expect(first.get_by_text("the the the")).to_be_visible()
    expect(first.get_by_text("word for word")).to_be_visible()
    assert "tab=answers" in charts.url
    charts.go_back()
    expect(charts.locator("#chart-loss")).to_be_visible()


DRAW_ALL = """async ([columns, sizes]) => {
    const host = document.createElement("div");
    document.body.append(host);
    for (const width of sizes) for (const log of [false, true]) for (const clip of [false, true]) for (const y of columns) {
        const chart = document.createElement("pb-chart");
        Object.assign(chart, { log, clip, height: 170, heading: "Degenerate", group: "none" });
        host.style.width = `${width}px`;
        host.append(chart);
        chart.data = { x: y.map((_, i) => i * (y[0] ?? 1)), lines: [{ key: "y", label: "y", color: "--series-1", y }],
                        formatX: String };
        await chart.updateComplete;
        chart.zoom({ min: y[0] ?? 0, max: y[1] ?? 0 });
        chart.zoom(null);
        chart.remove();
    }
    host.remove();
}"""


def test_degenerate_values_and_sizes_are_drawn(charts: Page) -> None:
    """Values that differ by rounding only are what smoothing makes of a constant."""
    values = [0.0, 1.0, -1.0, 0.1 + 0.2, 0.9, 1e-300, 1e-17, 1e12, 1.7e308, float("nan"), float("inf"), float("-inf")]
    columns = [[], *([value] for value in values), *([value, value] for value in values)]
    for value in (*values, 8.084335534846074, 2361.086561365573, 2433940.83125573):
        columns += [[value, value * (1 + ulps * 2**-52), value] for ulps in (1, 2, 3, 4, 8, 12)]
    columns += [[None, None], [0.1077, 24.587], [0.1, float("nan"), 0.3], [-1.7e308, 1.7e308], [5e-324, 1e300]]
    charts.evaluate(DRAW_ALL, [columns, [0, 1, 600]])


def test_zooming_in_reads_the_window_again_in_full(page: Page, site: Stack, cast: Cast, director: Director) -> None:
    uid = director.add_job("Long run", cast.dataset, priority=9)
    job = director.claim()
    assert job.uid == uid
    for step in range(6_000):
        job.run.log({"train_loss": 50.0 if step == 3_001 else float(step % 7)}, step=step)
    director.report(job, "failed", step=6_000, error="Enough.", exit_code=1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.backend_url}/jobs/{uid}")
    count = "document.querySelector('#chart-loss').data?.x.length"
    wait_until(lambda: 100 < (page.evaluate(count) or 0) < 3_000, what="the curve in buckets")
    page.evaluate("document.querySelector('#chart-loss').zoom({ min: 2950, max: 3050 })")
    window = "document.querySelector('#chart-loss').data.x.filter((x) => x >= 2950 && x <= 3050).length"
    wait_until(lambda: page.evaluate(window) == 101, what="every step of the window")
    assert [url for url in asked if "from=2950" in url and "to=3050" in url]
    highest = "Math.max(...document.querySelector('#chart-loss').data.lines[0].high.filter((y) => y != null))"
    assert page.evaluate(highest) == 50
    page.get_by_role("button", name="Reset zoom").click()
    wait_until(lambda: page.evaluate(window) < 60, what="the whole curve in buckets")


def test_a_charts_numbers_and_picture_are_saved(charts: Page) -> None:
    charts.get_by_role("button", name="Show Loss as a table").click()
    with charts.expect_download() as saved:
        charts.get_by_role("button", name="Save CSV").click()
    rows = saved.value.path().read_text().splitlines()
    assert rows[0] == "x,train,validation"
    assert len(rows) == STEPS + 2  # the evaluation before the first step has a row of its own
    with charts.expect_download() as picture:
        charts.get_by_role("button", name="Save picture").click()
    assert picture.value.suggested_filename == "loss.png"
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
