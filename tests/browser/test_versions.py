"""Versions of a dataset and what differs between them; the stage of a model."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.cast import Cast, Director
from tests.stack import Stack


def test_versions_are_added_compared_and_gone_back_to(page: Page, site: Stack, tmp_path: Path) -> None:
    director = Director(site)
    uid = _own(director, tmp_path)
    page.goto(f"{site.backend_url}/datasets/{uid}")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Versions of Capitals of versions")
    newer = tmp_path / "newer.csv"
    newer.write_text("id,input,output\n1,France?,Paris\n2,Japan?,Tōkyō\n3,Peru?,Lima\n")
    page.get_by_label("File", exact=True).set_input_files(newer)
    page.get_by_label("What is different").fill("macrons and Peru")
    page.get_by_role("button", name="Add version").click()
    rows = page.get_by_role("region", name="Versions, scrolls").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("macrons and Peru")
    expect(rows.first).to_contain_text("newest")
    page.get_by_label("File", exact=True).set_input_files(newer)
    page.get_by_role("button", name="Add version").click()
    expect(page.get_by_role("alert")).to_have_text("The newest version has these very bytes; nothing is added.")
    page.get_by_label("File", exact=True).set_input_files({"name": "text.pdf", "mimeType": "", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Add version").click()
    expect(page.get_by_role("alert")).to_contain_text("CSV")
    page.get_by_role("link", name="Changes of v1.1.0").click()
    changed = page.locator(".diff-table tbody tr")
    expect(changed).to_have_count(3)
    page.get_by_label("Tell rows apart by").select_option("id")
    page.get_by_role("button", name="Compare").click()
    expect(changed).to_have_count(2)
    expect(page.locator(".diff-table del")).to_have_text("Tokyo")
    expect(page.locator(".diff-table ins")).to_have_text("Tōkyō")
    page.get_by_role("link", name=re.compile("^Added")).click()
    expect(changed).to_have_count(1)
    expect(changed).to_contain_text("Lima")
    page.go_back()
    page.goto(f"{site.backend_url}/datasets/{uid}/versions")
    page.get_by_role("button", name="Go back to v1.0.0").click()
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Back to v1.0.0")
    director.http.delete(f"/api/datasets/{uid}").raise_for_status()
    director.close()


def test_a_stage_is_set_and_taken_away(page: Page, site: Stack, cast: Cast) -> None:
    page.goto(f"{site.backend_url}/models/starter")
    page.get_by_label("Stage").select_option("staging")
    page.get_by_role("button", name="Set stage").click()
    expect(page.locator(".title .tag", has_text="staging")).to_be_visible()
    page.get_by_label("Stage").select_option("no stage")
    page.get_by_role("button", name="Set stage").click()
    expect(page.locator(".title .tag", has_text="staging")).to_have_count(0)


def _own(director: Director, folder: Path) -> str:
    path = folder / "capitals.csv"
    path.write_text("id,input,output\n1,France?,Paris\n2,Japan?,Tokyo\n")
    return director.add_dataset("Capitals of versions", path)
