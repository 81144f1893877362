"""Takes screenshots of the pages of a running Pegbox: light, dark and on a phone; full, empty, failed and without the monitor.

    python test-scripts/take_screenshots.py [--url http://127.0.0.1:8000] [--empty http://127.0.0.1:9000]
                                            [--into docs/screenshots] [--pages job,jobs]

`--empty` is a second Pegbox with nothing on it, for the first visit. The newest completed job stands for the job page. Needs
Playwright and an installed Chromium; the pictures are WebP.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright

from pegbox import Client
from pegbox.errors import PegboxError

VIEWS = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "is_mobile": True},
}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SETTLE_MILLISECONDS = 1500
"""Time for the charts to draw and the live connection to open."""
OFFLINE_MILLISECONDS = 12_000
"""Time after which a page shows that the monitor is unreachable."""
QUALITY = 80


@dataclass(frozen=True)
class Shot:
    """One screenshot to take; `offline` blocks the monitor after the page has loaded."""

    url: str
    path: str
    offline: bool = False


def shots_of(client: Client, url: str) -> dict[str, Shot]:
    """The screenshots by name, for every page with content."""
    pages = {"overview": "/", "datasets": "/datasets", "models": "/models", "jobs": "/jobs", "system": "/system"}
    pages |= {"settings": "/settings", "runs": "/runs", "experiments": "/experiments", "queue": "/queue"}
    if experiments := client.experiments.list():
        fullest = max(experiments, key=lambda experiment: experiment.run_count)
        pages["experiment"] = f"/experiments/{fullest.id}"
    pages |= {
        "account": "/account",
        "users": "/users",
        "audit": "/audit",
        "new-command": "/jobs/new/command",
        "login": "/login",
    }
    if datasets := client.datasets.list():
        pages["dataset"] = f"/datasets/{datasets[-1]['uid']}"
        urlopen(f"{url}/jobs/new?dataset={datasets[-1]['uid']}").close()  # the steps show a filled draft
    pages |= {f"new-job-{step}": f"/jobs/new/{step}" for step in ("data", "model", "method", "resources", "review")}
    if versioned := [dataset for dataset in datasets if dataset.version != "v1.0.0"]:
        address = f"/datasets/{versioned[0].uid}"
        pages |= {"dataset-versions": f"{address}/versions", "dataset-changes": f"{address}/diff?from=v1.0.0&to=v1.1.0"}
    jobs = client.jobs.list()
    if commands := [job for job in jobs if job.kind == "command" and job.state == "running"]:
        pages["command"] = f"/jobs/{commands[0].uid}"
    trainings = [job for job in jobs if job.kind == "finetune"]
    done = [job for job in trainings if job.state == "completed"]
    if done:
        pages["job"] = f"/jobs/{done[0]['uid']}"
        pages["job-answers"] = f"/jobs/{done[0]['uid']}?tab=answers"
        pages["compare"] = "/compare?runs=" + ",".join(job["uid"] for job in done[:3])
        if model := done[0]["results"].get("modelId"):
            pages["model"] = f"/models/{quote(model, safe='')}"
    for state, name in (("failed", "job-failed"), ("running", "job-running"), ("queued", "job-queued")):
        if found := [job for job in trainings if job.state == state]:
            pages[name] = f"/jobs/{found[0]['uid']}"
    if runs := script_runs():
        pages["run"] = f"/runs/{quote(runs[0], safe='')}"
        pages["run-media"] = f"/runs/{quote(runs[0], safe='')}?tab=media"
    shots = {name: Shot(url, path) for name, path in pages.items()}
    for name in ("job-running", "system"):
        if name in shots:
            shots[f"{name}-offline"] = Shot(url, pages[name], offline=True)
    return shots


def script_runs() -> list[str]:
    """Ids of runs without a job, newest first; the monitor is at `PEGBOX_MONITOR_URL`."""
    monitor = os.environ.get("PEGBOX_MONITOR_URL", "http://127.0.0.1:8001")
    with urlopen(f"{monitor}/api/runs?limit=100") as answer:
        runs = json.load(answer)
    return [run["id"] for run in runs if not run["job_uid"]]


def empty_shots(url: str) -> dict[str, Shot]:
    """The pages of a new installation."""
    pages = {
        "overview": "/",
        "datasets": "/datasets",
        "jobs": "/jobs",
        "new-job": "/jobs/new/data",
        "compare": "/compare",
        "experiments": "/experiments",
        "runs": "/runs",
        "queue": "/queue",
    }
    return {f"{name}-empty": Shot(url, path) for name, path in pages.items()}


class Line:
    """The page's connection to the monitor: open until closed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.is_cut = False
        self.sockets: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/**", self.connect)

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close()
        else:
            self.sockets.append(socket.connect_to_server())

    def cut(self) -> None:
        """Closes open connections and blocks new ones."""
        self.is_cut = True
        monitor = str(self.page.locator("html").get_attribute("data-monitor"))
        self.page.route(f"{monitor}/**", lambda route: route.abort())
        for socket in self.sockets:
            socket.close()


def take(browser: Browser, shot: Shot, into: Path, name: str) -> None:
    """Takes one page in each view."""
    for view, options in VIEWS.items():
        context = browser.new_context(device_scale_factor=2 if view == "phone" else 1, **options)
        if token := os.environ.get("PEGBOX_TOKEN"):
            context.add_cookies([{"name": "pegbox_token", "value": token, "url": shot.url}])
        page = context.new_page()
        line = Line(page)
        page.goto(shot.url + shot.path)
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        if shot.offline:
            line.cut()
            page.wait_for_timeout(OFFLINE_MILLISECONDS)
        file = into / f"{name}-{view}.webp"
        file.write_bytes(picture(page))
        context.close()
        print(file)


def picture(page: Page) -> bytes:
    """The visible part of the page."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(answer["data"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", default=os.environ.get("PEGBOX_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--empty", default="", help="a second Pegbox with nothing on it")
    parser.add_argument("--into", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--pages", default="", help="names, comma separated; all by default")
    given = parser.parse_args()
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        print("No Chromium on PATH", file=sys.stderr)
        return 1
    try:
        with Client(given.url) as client:
            shots = shots_of(client, given.url)
    except PegboxError as error:
        print(error.message, file=sys.stderr)
        return 1
    if given.empty:
        shots |= empty_shots(given.empty)
    wanted = given.pages.split(",") if given.pages else list(shots)
    if unknown := [name for name in wanted if name not in shots]:
        print(f"Nothing to show for {', '.join(unknown)}; there are {', '.join(shots)}", file=sys.stderr)
        return 1
    given.into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name in wanted:
            take(browser, shots[name], given.into, name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
