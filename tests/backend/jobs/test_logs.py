"""Logs over REST: the end, ranges, search, download and following; a huge file costs no more than what is asked of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from backend.jobs import logs
from pegbox.settings import Settings

JSON = {"Accept": "application/json"}


@pytest.fixture
def job(client: TestClient, settings: Settings) -> dict[str, Any]:
    """A command job that has printed a hundred lines to stdout and one to stderr."""
    body = {"name": "x", "command": "true", "gpu_count": 0}
    created: dict[str, Any] = client.post("/api/jobs", json=body).json()["job"]
    folder = settings.jobs_dir / created["uid"]
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("".join(f"line {number}\n" for number in range(1, 101)))
    (folder / "stderr.log").write_text("Oh no\n")
    return created


def test_text_and_json_ranges_search_and_download(client: TestClient, job: dict[str, Any]) -> None:
    url = f"/api/jobs/{job['id']}/logs"
    assert client.get(url, params={"stream": "stderr"}).text == "Oh no\n"
    assert client.get(url, params={"stream": "nonsense"}).status_code == 422
    assert client.get(url, params={"tail": 2}).text == "line 99\nline 100\n"

    shown = client.get(url, params={"tail": 2}, headers=JSON).json()
    assert (shown["lines"], shown["truncated"], shown["size_bytes"]) == (["line 99", "line 100"], True, 792)
    assert shown["next_offset"] == 792
    ranged = client.get(url, params={"offset": shown["offset"], "length": 10}, headers=JSON).json()
    assert (ranged["lines"], ranged["next_offset"]) == (["line 99"], shown["offset"] + 8)
    by_line = client.get(url, params={"line": 10, "lines": 2}, headers=JSON).json()
    assert (by_line["lines"], by_line["offset"]) == (["line 10", "line 11"], 63)
    assert client.get(url, params={"line": 1, "tail": 1}).status_code == 422

    found = client.get(url, params={"search": "LINE 10"}, headers=JSON).json()
    assert found["matches"] == [{"number": 10, "text": "line 10"}, {"number": 100, "text": "line 100"}]
    assert client.get(url, params={"search": "nowhere"}).text == ""

    saved = client.get(url, params={"download": 1})
    assert saved.text.count("\n") == 100
    assert saved.headers["content-disposition"] == f'attachment; filename="{job["id"]}.stdout.log"'
    assert client.get("/api/jobs/job-zzzzzz/logs").status_code == 404


def test_following_ends_with_the_job(client: TestClient, job: dict[str, Any], settings: Settings) -> None:
    """The rest of the log comes as it is written, and the answer ends when the job has."""

    def write_and_end() -> None:
        with (settings.jobs_dir / job["uid"] / "stdout.log").open("a") as file:
            file.write("the last word\n")
        client.post(f"/api/jobs/{job['id']}/cancel")

    timer = threading.Timer(0.5, write_and_end)
    timer.start()
    text = client.get(f"/api/jobs/{job['id']}/logs", params={"follow": 1, "tail": 1}).text
    timer.join()
    assert text == "line 100\nthe last word\n"


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e"), max_size=20), max_size=30
    ),
    st.data(),
)
def test_every_way_to_read_agrees(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    folder: Path = tmp_path_factory.mktemp("jobs")
    (folder / "job").mkdir()
    (folder / "job" / "stdout.log").write_text("".join(f"{line}\n" for line in lines))
    count = data.draw(st.integers(1, 40))
    first = data.draw(st.integers(1, 40))
    tail = logs.read_tail(folder, "job", "stdout", count)
    assert tail.lines == lines[-count:]
    assert tail.truncated == (len(lines) > count)
    assert logs.read_lines(folder, "job", "stdout", first, count).lines == lines[first - 1 : first - 1 + count]
    pieces: list[str] = []
    offset = 0
    while (piece := logs.read_bytes(folder, "job", "stdout", offset, 64)).lines:
        pieces += piece.lines
        offset = piece.next_offset
    assert pieces == lines


def test_plain_text_unless_json_is_asked_for(client: TestClient, job: dict[str, Any]) -> None:
    url = f"/api/jobs/{job['uid']}/logs"
    assert client.get(url).headers["content-type"] == "text/plain; charset=utf-8"
    assert client.get(url).text.startswith("line 1\n")
    assert client.get(url, params={"stream": "stdout"}, headers=JSON).json()["lines"][0] == "line 1"
