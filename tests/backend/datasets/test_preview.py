"""The preview reads what people really upload: byte order marks, semicolons, Windows text, ragged and empty rows."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from pegbox.settings import Settings


def preview(client: TestClient, content: bytes, filename: str = "data.csv") -> dict[str, Any]:
    answer = client.post("/api/preview-csv", files={"file": (filename, content)})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def test_first_five_rows_are_text_or_null(client: TestClient) -> None:
    rows = b"".join(b"%d,\n" % number for number in range(8))
    result = preview(client, b"input,output\n" + rows)
    assert result["data"] == [{"input": str(number), "output": None} for number in range(5)]
    assert result["statistics"]["preview_rows"] == 5
    assert result["statistics"]["total_rows"] == 8


@pytest.mark.parametrize(
    ("content", "encoding", "answer"),
    [
        (b"\xef\xbb\xbfinput,output\nq,caf\xc3\xa9\n", "utf-8-sig", "café"),
        (b"input,output\nq,caf\xe9\n", "latin-1", "café"),
        (b"input,output\nq,\x93caf\xe9\x94 \x80 5\n", "cp1252", "“café” € 5"),
        (b"input,output\nq,\x81\xe9\n", "latin-1", "\x81é"),
    ],
)
def test_encodings(client: TestClient, content: bytes, encoding: str, answer: str) -> None:
    result = preview(client, content)
    assert result["encoding"] == encoding
    assert result["columns"] == ["input", "output"]
    assert result["data"][0]["output"] == answer
    assert result["validation_errors"] == []


def test_a_character_cut_by_the_reading_block_is_still_utf8(client: TestClient) -> None:
    filler = b"input,output\n" + b"q," + b"a" * (1024 * 1024 - 19) + b"\nq,"
    assert len(filler) == 1024 * 1024 - 1
    result = preview(client, filler + "é".encode() + b"\n")
    assert result["encoding"] == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(client: TestClient, delimiter: str) -> None:
    text = f'input{delimiter}output\n"a, b; c"{delimiter}d\ne{delimiter}"f, g"\n'
    result = preview(client, text.encode())
    assert result["delimiter"] == delimiter
    assert result["data"][0] == {"input": "a, b; c", "output": "d"}


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line_breaks(client: TestClient, line_break: str) -> None:
    result = preview(client, line_break.join(["input,output", "q1,a1", "q2,a2", ""]).encode())
    assert result["statistics"]["usable_rows"] == 2


def test_quoted_newlines_keep_line_numbers_right(client: TestClient) -> None:
    result = preview(client, b'input,output\n"one\ntwo\nthree",a\nq,a,extra\nonly\n')
    assert result["data"][0]["input"] == "one\ntwo\nthree"
    assert [(issue["line"], issue["kind"]) for issue in result["issues"]][:2] == [(5, "ragged"), (6, "ragged")]
    assert result["statistics"]["ragged_rows"] == 2
    assert any("Found 2 rows with too many or too few cells (lines 5, 6)" in warning for warning in result["warnings"])


def test_empty_rows_and_cells_are_reported_with_lines(client: TestClient) -> None:
    result = preview(client, b"input,output\nq,a\n\n , \nq,\n,a\nq,a\n")
    statistics = result["statistics"]
    assert statistics["total_rows"] == 4
    assert statistics["usable_rows"] == 2
    assert statistics["empty_rows"] == 2
    assert statistics["rows_with_empty_cells"] == 2
    assert statistics["duplicate_rows"] == 1
    assert "Found 2 empty rows (lines 3, 4); left out" in result["warnings"]
    assert {issue["line"]: issue["message"] for issue in result["issues"]}[5] == "No output"


def test_trailing_delimiters_are_not_ragged(client: TestClient) -> None:
    assert preview(client, b"input,output\nq,a,\nq2,a2,,\n")["statistics"]["ragged_rows"] == 0


def test_header_is_trimmed_and_unnamed_columns_get_names(client: TestClient) -> None:
    result = preview(client, b", input ,output\n0,q,a\n")
    assert result["columns"] == ["column_1", "input", "output"]
    assert result["validation_errors"] == []
    assert result["data"] == [{"column_1": "0", "input": "q", "output": "a"}]


def test_missing_columns_are_listed_with_a_suggestion(client: TestClient) -> None:
    result = preview(client, b"Question,Answer,source\nq,a,s\n")
    assert result["validation_errors"] == ['Missing required "input" column', 'Missing required "output" column']
    assert result["statistics"]["has_required_columns"] is False
    assert result["suggestedMapping"] == {"input": "Question", "output": "Answer"}


def test_is_new_upload_means_new_bytes(client: TestClient, settings: Settings) -> None:
    first = preview(client, b"input,output\nq,a\n", "one.csv")
    again = preview(client, b"input,output\nq,a\n", "other name.CSV")
    other = preview(client, b"input,output\nq,b\n", "one.csv")
    assert [first["isNewUpload"], again["isNewUpload"], other["isNewUpload"]] == [True, False, True]
    assert first["sha256"] == again["sha256"] == first["previewId"]
    names = {path.name for path in settings.datasets_dir.iterdir()}
    assert names == {f"{first['sha256']}.csv", f"{other['sha256']}.csv"}


def test_filename_is_shown_but_never_a_path(client: TestClient, settings: Settings) -> None:
    result = preview(client, b"input,output\nq,a\n", "../../etc/evil.csv")
    assert result["filename"] == "evil.csv"
    assert {path.parent for path in settings.home.rglob("*.csv")} == {settings.datasets_dir}


def test_file_is_required(client: TestClient) -> None:
    assert client.post("/api/preview-csv", files={"other": ("a.csv", b"x")}).status_code == 422
    assert client.post("/api/preview-csv", json={"file": "x"}).status_code == 422
    assert client.post("/api/preview-csv").status_code == 422


def test_two_files_are_refused(client: TestClient) -> None:
    files = [("file", ("a.csv", b"input,output\nq,a\n")), ("file", ("b.csv", b"x"))]
    assert client.post("/api/preview-csv", files=files).status_code == 400


def test_truncated_form_is_refused(client: TestClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ninput,output\nq,a\n'
    answer = client.post("/api/preview-csv", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
