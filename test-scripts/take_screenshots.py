"""Takes pictures of a running Pegbox's pages, in light and dark, as on a desk and on a phone.

    python test-scripts/take_screenshots.py [--url http://127.0.0.1:8000] [--into docs/screenshots] [--pages job,jobs]

The newest completed job stands for the job page, or else the newest one. Needs Playwright and an installed Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from pegbox import Client
from pegbox.errors import PegboxError

VIEWS = {"": (1440, 900), "-phone": (390, 844)}
THEMES = ("light", "dark")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SETTLE_MILLISECONDS = 1500
"""Charts draw and the live line opens within this; a picture taken earlier would show them empty."""


def addresses(client: Client) -> dict[str, str]:
    """Name → path of every page there is something to show on."""
    pages = {"overview": "/", "datasets": "/datasets", "models": "/models", "jobs": "/jobs", "new-job": "/jobs/new"}
    pages |= {"system": "/system", "settings": "/settings"}
    jobs = client.jobs.list(status="completed") or client.jobs.list()
    datasets = client.datasets.list()
    if jobs:
        pages["job"] = f"/jobs/{jobs[0]['uid']}"
        pages["compare"] = "/compare?runs=" + ",".join(job["uid"] for job in jobs[:3])
        pages["job-answers"] = f"/jobs/{jobs[0]['uid']}?tab=answers"
    if datasets:
        pages["dataset"] = f"/datasets/{datasets[0]['uid']}"
    return pages


def take(browser: Browser, url: str, path: str, into: Path, name: str) -> None:
    """One page in each view and theme."""
    for suffix, (width, height) in VIEWS.items():
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                device_scale_factor=2,
                is_mobile=bool(suffix),
            )
            token = os.environ.get("PEGBOX_TOKEN")
            if token:
                context.add_cookies([{"name": "pegbox_token", "value": token, "url": url}])
            page = context.new_page()
            page.goto(url + path)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            file = into / f"{name}{suffix}-{theme}.png"
            page.screenshot(path=file)
            context.close()
            print(file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", default=os.environ.get("PEGBOX_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--into", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--pages", default="", help="names, comma separated; all by default")
    given = parser.parse_args()
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        print("No Chromium on PATH", file=sys.stderr)
        return 1
    try:
        with Client(given.url) as client:
            pages = addresses(client)
    except PegboxError as error:
        print(error.message, file=sys.stderr)
        return 1
    wanted = given.pages.split(",") if given.pages else list(pages)
    if unknown := [name for name in wanted if name not in pages]:
        print(f"Nothing to show for {', '.join(unknown)}; there are {', '.join(pages)}", file=sys.stderr)
        return 1
    given.into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name in wanted:
            take(browser, given.url, pages[name], given.into, name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
