"""From a CSV to a registered dataset: drop, findings by line, column mapping, and the way without script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.cast import Cast
from tests.stack import Stack

FOREIGN = "id,question,answer,notes\n1,What is 2+2?,4,easy\n2,What is 3+3?,6,\n\n4,What is 5+5?\n"


@pytest.fixture
def importer(page: Page, site: Stack, cast: Cast) -> Page:
    page.goto(f"{site.backend_url}/datasets")
    expect(page.get_by_role("heading", name="Drop a dataset here")).to_be_visible()
    return page


def choose(page: Page, name: str, content: str | bytes) -> None:
    buffer = content.encode() if isinstance(content, str) else content
    page.locator("pb-csv-import input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": buffer}
    )


def test_a_guess_is_shown_as_a_guess_and_can_be_changed(importer: Page) -> None:
    choose(importer, "sums.csv", FOREIGN)
    expect(importer.get_by_text("Please check the mapping.")).to_be_visible()
    question = importer.get_by_label("Role of column question")
    answer = importer.get_by_label("Role of column answer")
    expect(question).to_have_value("input")
    expect(answer).to_have_value("output")
    importer.get_by_label("Role of column notes").select_option("output")
    expect(answer).to_have_value("")
    answer.select_option("")
    importer.get_by_label("Role of column notes").select_option("")
    expect(importer.get_by_role("button", name="Choose the output column")).to_be_visible()
    answer.select_option("output")
    importer.get_by_label("Name").fill("Sums")
    importer.get_by_role("button", name="Register dataset").click()
    expect(importer).to_have_url(re.compile("/datasets/dataset_"))
    expect(importer.get_by_role("heading", name="Sums", exact=True)).to_be_visible()
    expect(importer.get_by_role("columnheader", name="question input")).to_be_visible()
    importer.get_by_role("link", name="Train on it").click()
    expect(importer.get_by_role("link", name=re.compile("Data.*Sums"))).to_be_visible()


def test_findings_name_their_lines(importer: Page) -> None:
    choose(importer, "sums.csv", FOREIGN)
    found = importer.locator(".problems")
    expect(found.get_by_text("line 4")).to_be_visible()
    expect(found).to_contain_text(re.compile(r"line 5\s+The row has 2 cells where the header has 4"))


def test_what_is_no_csv_is_refused_with_the_reason(importer: Page) -> None:
    choose(importer, "archive.csv", b"PK\x03\x04" + bytes(200))
    expect(importer.get_by_role("alert")).to_contain_text("ZIP archive")
    expect(importer.get_by_role("heading", name="Drop a dataset here")).to_be_visible()


def test_a_known_name_is_said_at_the_form(importer: Page) -> None:
    choose(importer, "other.csv", "input,output\nq,a\n")
    importer.get_by_label("Name").fill("Python docstrings")
    importer.get_by_role("button", name="Register dataset").click()
    expect(importer.get_by_role("alert")).to_contain_text("already exists")
    expect(importer.get_by_label("Name")).to_have_value("Python docstrings")


def test_dropping_a_file_works_too(importer: Page) -> None:
    importer.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["input,output\\nq,a\\n"], "dropped.csv", { type: "text/csv" }));
            const drop = document.querySelector(".drop");
            drop.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(importer.get_by_role("heading", name="dropped.csv")).to_be_visible()


def test_without_script_the_form_registers(browser: Browser, site: Stack, cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text(FOREIGN)
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.backend_url}/datasets")
        page.get_by_label("Name").fill("Plain sums")
        page.get_by_label("CSV file").set_input_files(file)
        page.get_by_role("button", name="Register dataset").click()
        expect(page.get_by_text("Missing required 'input' column")).to_be_visible()
        page.get_by_label("Name").fill("Plain sums")
        page.get_by_label("CSV file").set_input_files(file)
        page.get_by_label("Input column").fill("question")
        page.get_by_label("Output column").fill("answer")
        page.get_by_role("button", name="Register dataset").click()
        expect(page.get_by_role("heading", name="Plain sums")).to_be_visible()


def test_other_formats_come_in_pieces_and_resume(importer: Page, complaints: list[str]) -> None:
    content = b'{"question": "What is 2+2?", "answer": "4"}\n{"question": "What is 3+3?", "answer": "6"}\n'
    pieces: list[str] = []
    importer.on("request", lambda request: pieces.append(request.method) if "/api/uploads" in request.url else None)
    # The first try breaks off; the element asks for the offset and goes on.
    importer.route("**/api/uploads/upload-*", lambda route: route.abort(), times=1)
    choose(importer, "sums.jsonl", content)
    expect(importer.get_by_text("Please check the mapping.")).to_be_visible(timeout=60_000)
    assert pieces.count("PATCH") == 2
    assert [text for text in complaints if "ERR_FAILED" not in text] == []
    complaints.clear()  # the browser names the broken request
    importer.get_by_label("Name").fill("Sums in pieces")
    importer.get_by_role("button", name="Register dataset").click()
    expect(importer).to_have_url(re.compile("/datasets/dataset_"))
    expect(importer.get_by_role("columnheader", name="question input")).to_be_visible()
