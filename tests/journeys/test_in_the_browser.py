"""The main job in a real browser: drop a CSV, map its columns, five steps, a live training, the model, a question to it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.train]

CITIES = {"France": "Paris", "Japan": "Tokyo", "Peru": "Lima", "Kenya": "Nairobi", "Norway": "Oslo", "Cuba": "Havana"}
CSV = "country,question,answer\n" + "".join(
    f"{country},What is the capital of {country}?,{city}\n" for country, city in CITIES.items() for _ in range(4)
)
TRAINING_MILLISECONDS = 600_000


def test_from_a_csv_to_an_answer(page: Page, stack: Stack) -> None:
    complaints: list[str] = []
    hosts: set[str | None] = set()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).hostname))
    stack.start("worker")

    page.goto(stack.backend_url)
    page.get_by_role("region", name="First steps").get_by_role("link").first.click()
    drop(page, "capitals.csv", CSV)
    page.get_by_label("Role of column question").select_option("input")
    page.get_by_label("Role of column answer").select_option("output")
    page.get_by_label("Name").fill("Capitals")
    page.get_by_role("button", name="Register dataset").click()
    expect(page.get_by_role("heading", name="Capitals", exact=True)).to_be_visible()
    page.get_by_role("link", name="Train on it").click()

    expect(page.locator("input[name=model][value=starter]")).to_be_checked()
    page.get_by_role("button", name="Next: method").click()
    page.get_by_label("Epochs").fill("40")
    page.get_by_role("button", name="Next: resources").click()
    page.get_by_label("Batch size").fill("4")
    page.get_by_role("button", name="Next: review").click()
    page.get_by_label("Name").fill("Capitals by hand")
    page.get_by_role("button", name="Start training").click()

    expect(page.get_by_role("heading", name="Capitals by hand")).to_be_visible()
    expect(page.locator(".pill").first).to_have_text("Training", timeout=60_000)
    expect(page.locator("pb-live-state")).to_contain_text("Live", timeout=30_000)
    # The curve grows while the page is open.
    expect(page.locator("#chart-loss canvas").first).to_be_visible(timeout=60_000)
    expect(page.locator(".pill").first).to_have_text("Done", timeout=TRAINING_MILLISECONDS)

    page.locator(".notice").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Where it comes from")).to_be_visible()
    page.get_by_label("Question").fill("What is the capital of Japan?")
    page.get_by_label("Question").press("Enter")
    expect(page.locator("#exchanges .answer")).to_have_text("Tokyo", timeout=120_000)
    page.get_by_label("Question").fill("What is the capital of Peru?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#exchanges .answer").nth(1)).to_have_text("Lima", timeout=60_000)
    assert hosts == {"127.0.0.1"}
    assert complaints == []


def drop(page: Page, name: str, content: str) -> None:
    """As from a file manager: the file comes with the drop."""
    data = page.evaluate_handle(
        """([name, content]) => {
            const data = new DataTransfer();
            data.items.add(new File([content], name, { type: "text/csv" }));
            return data;
        }""",
        [name, content],
    )
    zone = page.locator("pb-csv-import .drop")
    zone.dispatch_event("dragover", {"dataTransfer": data})
    zone.dispatch_event("drop", {"dataTransfer": data})
