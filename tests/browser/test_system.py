"""The machine, its services and workers."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast, Director
from tests.stack import Stack, wait_until


def test_the_machine_is_drawn_and_services_are_asked(page: Page, site: Stack, director: Director, cast: Cast) -> None:
    idle = {"worker_id": "idle-bench", "hostname": "bench", "capabilities": {"methods": [], "cpu_count": 2}}
    director.http.post(
        "/api/queue/claim", json=idle
    ).raise_for_status()  # one that can train nothing: it takes no job of the cast
    page.goto(f"{site.backend_url}/system")
    points = "document.querySelector('#chart-host').data?.x.length"
    wait_until(lambda: (page.evaluate(points) or 0) >= 2, what="two readings")
    services = page.get_by_role("region", name="Services")
    expect(services.get_by_role("row", name="Backend")).to_contain_text("Healthy")
    expect(services.get_by_role("row", name="Monitor")).to_contain_text("Healthy")
    expect(page.get_by_role("region", name="Workers").get_by_role("row", name="idle-bench")).to_contain_text("waits")
    expect(page.get_by_text("Data folder")).to_be_visible()
