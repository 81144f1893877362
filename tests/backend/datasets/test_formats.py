"""JSONL, Parquet and archives: read, checked, shown and trained on like a CSV."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.readers.jsonl_rows import read_jsonl_columns, read_jsonl_rows
from backend.datasets.readers.table import SourceFile, read_table
from backend.datasets.versions.training_csv import RenderedHash, render
from pegbox.data.rows import Row, read_rows
from tests.backend.conftest import Hand
from tests.backend.datasets.archives import zip_of

Json = dict[str, Any]
ROWS = [("What is 2+2?", "4"), ('Say "hi",\nplease', "hi\r\nthere"), ("größe", "μ")]
KEYS = ("input", "output")


def as_jsonl(rows: list[tuple[str, str]]) -> bytes:
    return b"".join(json.dumps(dict(zip(KEYS, row, strict=True))).encode() + b"\n" for row in rows)


def as_parquet(rows: list[tuple[str, str]]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({key: [row[index] for row in rows] for index, key in enumerate(KEYS)}), content)
    return content.getvalue()


def as_zip(rows: list[tuple[str, str]]) -> bytes:
    files = {"b/more.parquet": as_parquet(rows[2:]), "a.jsonl": as_jsonl(rows[:1]), "b.jsonl": as_jsonl(rows[1:2])}
    # Sorted by path the rows come in their order: a.jsonl, b.jsonl, b/more.parquet.
    return zip_of(files)


FORMS: dict[str, Callable[[list[tuple[str, str]]], bytes]] = {
    "x.jsonl": as_jsonl,
    "x.ndjson": as_jsonl,
    "x.parquet": as_parquet,
    "x.zip": as_zip,
}


def upload(client: TestClient, filename: str, content: bytes, **fields: str) -> Any:
    return client.post("/api/datasets", files={"file": (filename, content)}, data={"name": "D", **fields})


@pytest.mark.parametrize("filename", FORMS)
def test_every_format_is_shown_and_trained_on(client: TestClient, hand: Hand, tmp_path: Path, filename: str) -> None:
    content = FORMS[filename](ROWS)
    record = upload(client, filename, content, strict="true").json()
    assert (record["rows"], record["columns"]) == (3, ["input", "output"]), record
    assert record["validation"]["isValid"] is True
    assert record["format"] == {"x.parquet": "parquet", "x.zip": "mixed"}.get(filename, "jsonl")
    page = client.get("/api/datasets/d/rows?offset=1&limit=1").json()
    assert page["rows"] == [dict(zip(KEYS, ROWS[1], strict=True))]
    assert client.get("/datasets/d/profile").status_code == 200
    assert "größe" in client.get("/datasets/d?q=Größe").text
    body = {"name": "j", "configuration": {"model": {"uid": "starter"}, "dataset": {"uid": record["uid"]}}}
    assert client.post("/api/jobs", json=body).json()["state"] == "queued"
    claim = hand.claim()
    assert claim is not None
    spec = claim["job"]["dataset"]
    assert (spec["version"], spec["hash"]) == ("v1.0.0", record["hash"])
    given_file = client.get(f"/api/queue/{hand.uid}/dataset?claim_token={hand.token}")
    assert hashlib.sha256(given_file.content).hexdigest() == spec["sha256"] == record["sha256"]
    path = tmp_path / "dataset.csv"
    path.write_bytes(given_file.content)
    rows = read_rows(path, spec["column_mapping"], encoding=spec["encoding"], delimiter=spec["delimiter"])
    assert rows == [Row(*row) for row in ROWS]


def test_the_original_bytes_are_hashed_and_downloaded(client: TestClient) -> None:
    content = as_jsonl(ROWS)
    record = upload(client, "x.jsonl", content).json()
    assert record["hash"] == hashlib.md5(content).hexdigest()
    answer = client.get("/api/datasets/d/file")
    assert (answer.content, answer.headers["content-type"]) == (content, "application/x-ndjson")
    assert answer.headers["etag"] == f'"{record["hash"]}"'
    part = client.get("/api/datasets/d/file", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, content[5:10])


def test_several_files_are_downloaded_as_an_archive(client: TestClient) -> None:
    upload(client, "x.zip", as_zip(ROWS))
    answer = client.get("/api/datasets/d/file")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.jsonl", "b.jsonl", "b/more.parquet"]
        assert archive.read("a.jsonl") == as_jsonl(ROWS[:1])


def test_values_that_are_not_text(client: TestClient) -> None:
    rows = [{"input": 7, "output": {"a": [1, None]}}, {"output": True, "extra": 1.5}, {"input": None, "output": "x"}]
    record = upload(client, "x.jsonl", b"\n".join(json.dumps(row).encode() for row in rows)).json()
    assert record["columns"] == ["input", "output", "extra"]
    assert client.get("/api/datasets/d/rows").json()["rows"] == [
        {"input": "7", "output": '{"a":[1,null]}', "extra": None},
        {"input": None, "output": "true", "extra": "1.5"},
        {"input": None, "output": "x", "extra": None},
    ]
    assert record["rows"] == 1
    assert "Found 2 rows without an input or an output (lines 2, 3); left out" in record["validation"]["warnings"]


def test_parquet_values_that_are_not_text(client: TestClient) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"input": [date(2026, 1, 2)], "output": [[1, 2]], "n": [float("nan")]}), content)
    upload(client, "x.parquet", content.getvalue())
    assert client.get("/api/datasets/d/rows").json()["rows"] == [{"input": "2026-01-02", "output": "[1,2]", "n": None}]


def test_other_columns_are_kept_unless_strict_and_can_be_mapped(client: TestClient) -> None:
    content = b'{"messages": [], "q": "?", "a": "!"}\n'
    kept = upload(client, "x.jsonl", content).json()
    assert kept["validation"]["isValid"] is False
    assert kept["validation"]["errors"] == ['Missing required "input" column', 'Missing required "output" column']
    refused = upload(client, "x.jsonl", content, name="E", strict="true")
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "Failed to parse JSONL file: Missing required 'input' column",
    )
    mapped = client.put("/api/datasets/d", json={"columnMapping": {"input": "q", "output": "a"}}).json()["dataset"]
    assert (mapped["validation"]["isValid"], mapped["version"], mapped["rows"]) == (True, "v1.0.0", 1)


@pytest.mark.parametrize(
    ("filename", "content", "says"),
    [
        ("x.jsonl", b'{"input": "q", "output": "a"}\n{"input": \n', "line 2 is no JSON object"),
        ("x.jsonl", b'{"input": "q"}\n\n[1, 2]\n', "line 3 is no JSON object"),
        ("x.jsonl", b'{"a": "\xff"}\n', "line 1 is no JSON object"),
        ("x.jsonl", b'{"a": "\\ud800"}\n', "line 1 is no JSON object"),
        ("x.jsonl", b'{"a": NaN}\n', "line 1 is no JSON object"),
        ("x.jsonl", b'{"a": ' + b"[" * 100_000, "line 1 is no JSON object"),
        ("x.jsonl", b'{"a": "' + b"x" * 5_000_000 + b'"}', "line 1 is longer than"),
        ("x.jsonl", b'{"a": "' + b"x" * 2_000_000 + b'"}', "line 1 has a value longer than"),
        ("x.jsonl", json.dumps({str(n): n for n in range(1001)}).encode(), "1001 different keys"),
        ("x.jsonl", json.dumps({"k" * 501: 1}).encode(), "a key on line 1 is longer than"),
        ("x.jsonl", b"", "appears to be empty"),
        ("x.jsonl", b"\n \n", "appears to be empty"),
        ("x.jsonl", b'{"input": "=cmd|\' /c calc\'!A0", "output": "x"}\n', "would start a program"),
        ("x.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "Failed to parse Parquet file"),
        ("x.parquet", b"input,output\n", "Failed to parse Parquet file"),
        ("x.parquet", as_parquet(ROWS)[:-200], "Failed to parse Parquet file"),
        ("x.parquet", as_parquet([]), "appears to be empty"),
        ("x.csv", as_parquet(ROWS), "give it a name that ends in .parquet"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_broken_files_are_refused(client: TestClient, home: Path, filename: str, content: bytes, says: str) -> None:
    answer = upload(client, filename, content)
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["detail"]
    assert not list((home / "datasets").iterdir())


def test_a_parquet_file_that_unpacks_to_far_more_is_refused(client: TestClient) -> None:
    content = io.BytesIO()
    column = pa.array(["x" * 1_000_000] * 64)
    pq.write_table(pa.table({"input": column}), content, use_dictionary=False, compression="zstd")
    answer = upload(client, "x.parquet", content.getvalue())
    assert answer.status_code == 400
    assert "would unpack to" in answer.json()["detail"]


def test_files_of_an_archive_may_differ_in_their_columns(client: TestClient) -> None:
    files = {
        "a.csv": b"output;input;note\na1;q1;n1\n",
        "b.csv": b"input,output\nq2,a2\nq3\n,\n",
        "c.jsonl": b'{"output": "a4", "input": "q4"}\n',
    }
    record = upload(client, "x.zip", zip_of(files)).json()
    assert record["columns"] == ["output", "input", "note"]
    rows = client.get("/api/datasets/d/rows").json()["rows"]
    assert [(row["input"], row["output"], row["note"]) for row in rows] == [
        ("q1", "a1", "n1"),
        ("q2", "a2", None),
        ("q3", None, None),
        ("q4", "a4", None),
    ]
    assert any("b.csv line 3" in warning for warning in record["validation"]["warnings"])


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(st.lists(st.dictionaries(cells, cells | st.none() | st.integers() | st.booleans(), max_size=4), max_size=20))
def test_a_rendition_reads_back_as_its_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[Json]) -> None:
    """What is written for the trainer has the hash that the check found, and a CSV reader sees the same cells."""
    folder = tmp_path_factory.mktemp("rendition")
    path = folder / "x.jsonl"
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    columns = read_jsonl_columns(path)
    sources = [SourceFile(path, "x.jsonl", "jsonl"), SourceFile(path, "y.jsonl", "jsonl")]
    rendition = RenderedHash(columns)
    records = list(rendition.hash_rows(read_table(sources, columns)))
    content = b"".join(render(columns, read_table(sources, columns)))
    assert hashlib.sha256(content).hexdigest() == rendition.sha256
    assert [record.cells for record in records] == [
        record.cells for record in (*read_jsonl_rows(path, columns), *read_jsonl_rows(path, columns))
    ]
