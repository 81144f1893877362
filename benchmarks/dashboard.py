"""The dashboard in Chromium: frames under live messages, first paint, a long history, script size, a day's heap.

Usage: python benchmarks/dashboard.py [--rounds 5] [--seconds 10] [--quick] [--only live,paint,million,script,day] [--profile]

Claims, medians over rounds: with 100,000 points of history behind every line and 20 messages/s a page keeps 60 fps, has no task
over 50 ms and a main thread under 20 % busy; a job page paints within 500 ms of the navigation; the charts of a run of 1,000,000
points are drawn within 1 s; a page loads at most 60 KB of script (gzip -9); 12 hours of messages at 100 times their speed
leave the heap within 10 MiB. Real backend and monitor over SQLite, real pages, everything on the same cores.

A normal run logs a step each 2 s and evaluates each 100 steps: 50 messages/s for 432 s, with readings of the machine each 10 ms
(--quick replays one hour, 36 s). The heap is looked at after the first tenth and at the end.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from peers.dashboard_probe import Live, Probe, chromium_browser
from peers.dashboard_scene import METRICS, Scene, load, scene
from playwright.sync_api import Browser

from frontend import DIST
from frontend.assets import Assets

FPS, LONG_TASK_MS, BUSY_PERCENT = 59.0, 50.0, 20.0
PAINT_MS, MILLION_MS, SCRIPT_BYTES, HEAP_MIB = 500.0, 1000.0, 60_000, 10.0
HISTORY, MILLION, PER_SECOND, COMPARED = 100_000, 1_000_000, 20.0, 4
SPEED, SECONDS_PER_STEP, STEPS_PER_EVALUATION = 100, 2.0, 100
JOB_CHARTS = [f"chart-{name}" for name in ("loss", "gradient", "rate", "throughput", "host")]
"""Seven are on the page; the two of GPUs have lines only where there is one."""
COMPARE_CHARTS = [f"chart-{name}" for name in ("loss", "validation", "gradient", "rate")]
SCRIPT_CHARTS = [f"chart-{name}" for name in (*METRICS, "accuracy")]
SETTLE_SECONDS = 3.0
CONTROL = "a page without charts"

Check = tuple[str, float, str, float]
"""Name, median, unit, limit; a limit below zero is a least value."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="one hour of messages instead of twelve")
    parser.add_argument("--only", default=",".join(CASES), help="cases, comma separated")
    parser.add_argument("--profile", action="store_true", help="where the job page's time goes, by function")
    options = parser.parse_args()
    checks: list[Check] = []
    with chromium_browser() as browser:
        version = browser.version
        for name in options.only.split(","):
            checks += CASES[name](browser, options)
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Chromium {version} headless, no GPU asked for; {load()}")
    missed = 0
    for label, value, unit, limit in checks:
        is_missed = value < -limit if limit < 0 else value > limit
        missed += is_missed
        print(f"{label:58} {value:9.1f} {unit:4} ({'>=' if limit < 0 else '<='} {abs(limit):g}){' MISSED' * is_missed}")
    return 1 if missed else 0


def live(browser: Browser, options: argparse.Namespace) -> list[Check]:
    """A job's page and a comparison while points come in; the settings beside them tell what the machine allows anyone."""
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as stage:
        jobs = [stage.start_job(f"Run {number}", HISTORY) for number in range(COMPARED)]
        ended = stage.start_job("Ended run", HISTORY)
        stage.complete(ended)
        job_page, together = f"/jobs/{jobs[0].uid}", ",".join(job.uid for job in jobs)
        script_run = stage.start_script("Script", HISTORY)
        pages = {
            CONTROL: ("/settings", jobs[:1], []),
            "job page, 7 lines on 5 of 7 charts": (job_page, jobs[:1], JOB_CHARTS),
            "the same with a baseline, 12 lines": (f"{job_page}?baseline={ended.uid}", jobs[:1], JOB_CHARTS),
            "page of a script's run, 8 lines on 8 charts": (f"/runs/{script_run.run}", [script_run], SCRIPT_CHARTS),
            f"comparison, {4 * COMPARED} lines on 4 charts": (f"/compare?runs={together}", jobs, COMPARE_CHARTS),
        }
        found: dict[str, list[Live]] = {label: [] for label in pages}
        for number in range(options.rounds):
            for label, (path, fed, charts) in pages.items():
                with stage.messages(fed, PER_SECOND):
                    one = measure_live(browser, stage.stack.backend_url + path, charts, options)
                found[label].append(one)
                print(
                    f"{label}, round {number + 1}: {one.fps:.1f} fps, longest frame {one.longest_frame:.0f} ms, "
                    f"{len(one.long_tasks)} long tasks (longest {one.longest_task:.0f} ms), "
                    f"busy {one.busy:.1f} %, first chart drawn {one.redraws:.1f} times/s ({load()})",
                    flush=True,
                )
    print(f"{CONTROL}: {statistics.median(one.fps for one in found.pop(CONTROL)):.1f} fps")
    checks: list[Check] = []
    for label, rounds in found.items():
        checks += [
            (f"{label}: frames", statistics.median(one.fps for one in rounds), "fps", -FPS),
            (f"{label}: longest task", statistics.median(one.longest_task for one in rounds), "ms", LONG_TASK_MS),
            (f"{label}: main thread", statistics.median(one.busy for one in rounds), "%", BUSY_PERCENT),
        ]
    return checks


def measure_live(browser: Browser, url: str, charts: list[str], options: argparse.Namespace) -> Live:
    """A page once its charts have drawn and settled."""
    time.sleep(SETTLE_SECONDS)
    probe = Probe(browser)
    probe.open(url)
    if charts:
        probe.charts_shown(charts)
    time.sleep(SETTLE_SECONDS)
    if options.profile and charts:
        print("\n".join(f"{share:5.1f} %  {place}" for share, place in probe.profile(8)[:40]))
    seen = probe.live(options.seconds, charts[0] if charts else "")
    probe.close()
    return seen


def paint(browser: Browser, options: argparse.Namespace) -> list[Check]:
    """A job page in a new browser context: nothing of it is in the cache."""
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as stage:
        job = stage.start_job("Run", HISTORY)
        return [
            (
                "job page, first contentful paint",
                measure_page(browser, stage, job.uid, options, first_paint),
                "ms",
                PAINT_MS,
            )
        ]


def million(browser: Browser, options: argparse.Namespace) -> list[Check]:
    """A run with a million points of each metric, read by the monitor before (somebody has looked at it)."""
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as stage:
        job = stage.start_job("Long run", MILLION)
        with stage.messages([job], 5):
            time.sleep(SETTLE_SECONDS)
        shown = measure_page(browser, stage, job.uid, options, lambda probe: probe.charts_shown(JOB_CHARTS))
        return [("1,000,000 points: all charts with lines drawn", shown, "ms", MILLION_MS)]


def first_paint(probe: Probe) -> float:
    return probe.first_paint()


def measure_page(
    browser: Browser, stage: Scene, uid: str, options: argparse.Namespace, look: Callable[[Probe], float]
) -> float:
    """The median of what is seen when a job's page is opened; the first time warms the services and does not count."""
    found = []
    for number in range(options.rounds + 1):
        probe = Probe(browser)
        probe.open(f"{stage.stack.backend_url}/jobs/{uid}")
        found.append(look(probe))
        probe.close()
        print(f"opened {number}: {found[-1]:.0f} ms{' (not counted)' if number == 0 else ''} ({load()})", flush=True)
    return statistics.median(found[1:])


def script(_browser: Browser, _options: argparse.Namespace) -> list[Check]:
    """What the manifest makes each page load; parts that are only fetched when asked for do not count."""
    manifest = Assets.load().manifest
    pages = sorted(key for key, chunk in manifest.items() if chunk.get("isEntry"))
    checks: list[Check] = []
    for page in pages:
        files = files_of(manifest, "src/pages/base.ts") | files_of(manifest, page)
        size = sum(len(gzip.compress((DIST / file).read_bytes(), 9)) for file in files)
        checks.append((f"script of {Path(page).stem}", size, "B", SCRIPT_BYTES))
    return checks


def files_of(manifest: dict[str, dict[str, object]], key: str) -> set[str]:
    chunk = manifest[key]
    imports = chunk.get("imports", [])
    assert isinstance(imports, list)
    return {str(chunk["file"])}.union(*(files_of(manifest, name) for name in imports))


def day(browser: Browser, options: argparse.Namespace) -> list[Check]:
    """A page left open: twelve hours of a run, at 100 times the speed."""
    seconds = (1 if options.quick else 12) * 3600 / SPEED
    per_second = SPEED / SECONDS_PER_STEP
    env = {"PEGBOX_SAMPLE_INTERVAL_SECONDS": str(1 / SPEED)}
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder), env) as stage:
        job = stage.start_job("Day-long run", 0)
        probe = Probe(browser)
        heaps: list[float] = []
        with stage.messages([job], per_second, STEPS_PER_EVALUATION):
            probe.open(f"{stage.stack.backend_url}/jobs/{job.uid}")
            began = time.monotonic()
            for tenth in range(1, 11):
                time.sleep(max(0.0, began + seconds * tenth / 10 - time.monotonic()))
                heaps.append(probe.heap())
                print(f"day, {tenth * 10} %: step {job.steps:,}, heap {heaps[-1]:.1f} MiB ({load()})", flush=True)
        probe.close()
        share = job.steps / (seconds * per_second)
        label = f"heap growth over {seconds * SPEED / 3600:.0f} h at {SPEED}x ({share:.0%} of the messages sent)"
        return [(label, heaps[-1] - heaps[0], "MiB", HEAP_MIB)]


CASES: dict[str, Callable[[Browser, argparse.Namespace], list[Check]]] = {
    "live": live,
    "paint": paint,
    "million": million,
    "script": script,
    "day": day,
}


if __name__ == "__main__":
    sys.exit(main())
