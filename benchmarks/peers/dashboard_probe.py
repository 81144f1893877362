"""What a page costs Chromium: frames, long tasks, main-thread time, heap, and when its charts have drawn."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.chromium import MISSING, chromium

VIEWPORT = {"width": 1440, "height": 1500}
"""High enough for every chart of a page: what is off screen is not drawn."""

WITNESS = """
window.longTasks = [];
new PerformanceObserver((list) => {
    for (const task of list.getEntries()) longTasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });
// A chart wipes its canvas before it draws anew.
window.redraws = {};
// Those of a script's run are known by their metric.
const named = (chart) => (chart.id ||= `chart-${chart.dataset.metric}`);
const wipe = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    const chart = this.canvas.closest("pb-chart");
    if (chart) redraws[named(chart)] = (redraws[named(chart)] ?? 0) + 1;
    return wipe.apply(this, area);
};
// A chart draws its lines, and nothing else, as paths; the time is that of the frame's end.
window.drawn = new Map();
const stroke = CanvasRenderingContext2D.prototype.stroke;
CanvasRenderingContext2D.prototype.stroke = function (...path) {
    const chart = path.length && this.canvas.closest("pb-chart");
    if (chart && !drawn.has(named(chart)) && chart.data.x.length > 1) {
        drawn.set(named(chart), Infinity);
        requestAnimationFrame(() => setTimeout(() => drawn.set(named(chart), performance.now())));
    }
    return stroke.apply(this, path);
};
"""
FRAMES = """(milliseconds) => new Promise((done) => {
    longTasks.length = 0;
    const times = [];
    const next = (now) => {
        times.push(now);
        if (now - times[0] < milliseconds) requestAnimationFrame(next);
        else done({
            fps: 1000 * (times.length - 1) / (now - times[0]),
            longest: Math.max(...times.slice(1).map((time, i) => time - times[i])),
            tasks: longTasks.slice(),
        });
    };
    requestAnimationFrame(next);
})"""
COLOURED = """(id) => {
    // A line is coloured where the grid and the figures are grey.
    const canvas = document.querySelector(`#${id} canvas`);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue, alpha] = data.slice(i, i + 4);
        if (alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
    }
    return coloured;
}"""
MIB = 2**20


@dataclass(frozen=True)
class Live:
    """A page under live messages: frames per second, long tasks (milliseconds each), main thread busy (percent), and how often
    its first chart was drawn anew (per second)."""

    fps: float
    longest_frame: float
    long_tasks: list[float]
    busy: float
    redraws: float

    @property
    def longest_task(self) -> float:
        return max(self.long_tasks, default=0.0)


class Probe:
    """A page in a context of its own, watched from its first script on."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(viewport=VIEWPORT, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]
        self.page: Page = self._context.new_page()
        self.page.add_init_script(WITNESS)
        self._cdp: CDPSession = self._context.new_cdp_session(self.page)
        self._cdp.send("Performance.enable")

    def close(self) -> None:
        self._context.close()

    def open(self, url: str) -> None:
        self.page.goto(url)

    def first_paint(self) -> float:
        """Milliseconds from the navigation to the first content."""
        script = """() => new Promise((done) => new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") done(entry.startTime);
        }).observe({ type: "paint", buffered: true }))"""
        return float(self.page.evaluate(script))

    def charts_shown(self, ids: list[str]) -> float:
        """Milliseconds from the navigation until the last of these charts has drawn a line, which is then looked at."""
        script = "(ids) => ids.every((id) => Number.isFinite(drawn.get(id)))"
        self.page.wait_for_function(script, arg=ids, timeout=60_000)
        at = max(float(self.page.evaluate("(id) => drawn.get(id)", name)) for name in ids)
        for name in ids:
            if self.page.evaluate(COLOURED, name) < 20:
                raise SystemExit(f"{name} shows no line")
        return at

    def live(self, seconds: float, chart: str) -> Live:
        """Frames are counted in one window, main-thread time in another: counting frames makes frames."""
        frames = self.page.evaluate(FRAMES, 1000 * seconds)
        self.page.evaluate("redraws = {}")
        tasks, began = self._task_seconds(), time.perf_counter()
        time.sleep(seconds)
        busy = (self._task_seconds() - tasks) / (time.perf_counter() - began)
        redraws = self.page.evaluate("(chart) => redraws[chart] ?? 0", chart) / seconds
        return Live(frames["fps"], frames["longest"], frames["tasks"], 100 * busy, redraws)

    def heap(self) -> float:
        """MiB in use after a collection."""
        for _ in range(3):
            self._cdp.send("HeapProfiler.collectGarbage")
        return float(self._cdp.send("Runtime.getHeapUsage")["usedSize"]) / MIB

    def profile(self, seconds: float) -> list[tuple[float, str]]:
        """Percent of the time by function, the dearest first."""
        self._cdp.send("Profiler.enable")
        self._cdp.send("Profiler.setSamplingInterval", {"interval": 200})
        self._cdp.send("Profiler.start")
        time.sleep(seconds)
        found: dict[str, Any] = self._cdp.send("Profiler.stop")["profile"]
        names = {node["id"]: node["callFrame"] for node in found["nodes"]}
        spent: dict[str, float] = {}
        for node, delta in zip(found["samples"], found["timeDeltas"], strict=True):
            frame = names[node]
            place = (
                f"{frame['functionName'] or '(anonymous)'} {frame['url'].rsplit('/', 1)[-1]}:{frame['columnNumber']}"
            )
            spent[place] = spent.get(place, 0.0) + delta / 1e4 / seconds
        return sorted(((share, place) for place, share in spent.items()), reverse=True)

    def _task_seconds(self) -> float:
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


@contextlib.contextmanager
def chromium_browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = chromium()
    if path is None:
        raise SystemExit(MISSING)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=as_root)
        yield browser
        browser.close()
