"""A model's page: its lineage, what it answered, and how to go on from it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack


def test_the_lineage_leads_from_base_to_model(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/jobs/{cast.completed}")
    page.locator(".notice").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    lineage = page.locator(".lineage li")
    expect(lineage).to_have_count(4)
    assert [text.split("\n")[0] for text in lineage.all_inner_texts()] == ["Base model", "Dataset", "Job", "This model"]
    expect(page.get_by_role("region", name="Its last answers")).to_contain_text(
        "Return the number of items in a container."
    )
    expect(page.get_by_text("not here")).to_be_visible()  # the cast's trainer wrote no files
    lineage.get_by_role("link", name="Starter").click()
    expect(page.get_by_role("heading", level=1, name="Starter")).to_be_visible()
    expect(page.get_by_role("region", name="Jobs, scrolls").get_by_role("link", name="Finished run")).to_be_visible()


def test_a_model_of_the_hub_has_a_page_too(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/models?q=Qwen3-0.6B")
    page.get_by_role("link", name="Qwen3 0.6B").first.click()
    expect(page.get_by_role("link", name="Train from it")).to_be_visible()
    expect(page.get_by_text("It was not trained here.")).to_be_visible()
    page.goto(f"{site.backend_url}/models/no-such/model")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
