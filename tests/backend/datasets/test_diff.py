"""Rows that differ between two versions."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.readers.table import SourceFile
from backend.datasets.versions import comparison
from backend.datasets.versions.diff import DiffSide, read_entries, read_totals, write_diff
from pegbox.settings import Settings
from tests.backend.datasets.archives import zip_of

Json = dict[str, Any]


def csv_of(*rows: str, header: str = "id,input,output") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def send(client: TestClient, content: bytes, filename: str = "x.csv") -> None:
    first = client.get("/api/datasets/d").status_code == 404
    path = "/api/datasets" if first else "/api/datasets/d/versions"
    answer = client.post(path, files={"file": (filename, content)}, data={"name": "D"})
    assert answer.status_code == 201, answer.text


def diff(client: TestClient, **params: Any) -> Json:
    answer = client.get("/api/datasets/d/diff", params=params)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def told(found: Json) -> list[tuple[str, str | None, str | None]]:
    """(kind, answer before, answer after)"""
    return [
        (row["kind"], (row["before"] or {}).get("output"), (row["after"] or {}).get("output")) for row in found["rows"]
    ]


def test_with_a_key_rows_change(client: TestClient) -> None:
    send(client, csv_of("1,q1,a1", "2,q2,a2", "3,q3,a3"))
    send(client, csv_of("3,q3,a3", "2,q2,better", "4,q4,a4"))
    found = diff(client, key="id")
    assert (found["from"], found["to"], found["key"]) == ("v1.0.0", "v1.1.0", "id")
    assert (found["added"], found["removed"], found["changed"], found["total"]) == (1, 1, 1, 3)
    assert told(found) == [("removed", "a1", None), ("changed", "a2", "better"), ("added", None, "a4")]
    changed = found["rows"][1]
    assert (changed["before_line"], changed["after_line"], changed["after_file"]) == (3, 3, "x.csv")
    assert told(diff(client, key="id", kind="changed")) == [("changed", "a2", "better")]
    assert told(diff(client, key="id", offset=1, limit=1)) == [("changed", "a2", "better")]


def test_without_a_key_they_come_and_go(client: TestClient) -> None:
    send(client, csv_of("1,q1,a1", "2,q2,a2", "2,q2,a2"))
    send(client, csv_of("2,q2,a2", "1,q1,better"))
    found = diff(client)
    assert (found["added"], found["removed"], found["changed"]) == (1, 2, 0)
    assert Counter(told(found)) == Counter(
        [("removed", "a1", None), ("removed", "a2", None), ("added", None, "better")]
    )
    backwards = diff(client, **{"from": "v1.1.0", "to": "v1.0.0"})
    assert (backwards["added"], backwards["removed"]) == (2, 1)


def test_order_of_columns_and_format_change_nothing(client: TestClient) -> None:
    send(client, csv_of("1,q1,a1", "2,q2,"))
    rows = [{"output": "a1", "id": 1, "input": "q1"}, {"id": 2, "input": "q2", "output": None}]
    send(client, b"".join(json.dumps(row).encode() + b"\n" for row in rows), "x.jsonl")
    assert diff(client)["total"] == 0


def test_files_of_both_versions_are_not_read(client: TestClient, home: Path) -> None:
    parts = {f"{n}.csv": csv_of(f"{n},q,a{n}") for n in range(3)}
    send(client, zip_of(parts), "x.zip")
    send(client, zip_of({**parts, "1.csv": csv_of("1,q,new")}), "x.zip")
    shared = [path for path in (home / "datasets").iterdir() if b"a0" in path.read_bytes()]
    shared[0].write_bytes(b"\0 no CSV any more")
    found = diff(client, key="id")
    assert told(found) == [("changed", "a1", "new")]
    assert found["rows"][0]["before_file"] == "1.csv"


def test_bad_questions(client: TestClient) -> None:
    send(client, csv_of("1,q1,a1"))
    assert client.get("/api/datasets/d/diff").status_code == 404
    send(client, csv_of("1,q1,a2"))
    for params, status in (
        ({"from": "v9.0.0"}, 404),
        ({"key": "nope"}, 422),
        ({"kind": "same"}, 422),
        ({"limit": "501"}, 422),
        ({"from": "../x"}, 422),
    ):
        assert client.get("/api/datasets/d/diff", params=params).status_code == status, params
    assert client.get("/api/datasets/nope/diff").status_code == 404


def test_comparisons_are_kept_for_a_day(client: TestClient, settings: Settings) -> None:
    send(client, csv_of("1,q1,a1"))
    send(client, csv_of("1,q1,a2"))
    diff(client)
    diff(client, key="id")
    folder = settings.home / "cache" / "diffs"
    paths = sorted(folder.iterdir())
    assert len(paths) == 2
    os.utime(paths[0], (0, 0))
    assert comparison.delete_old(settings) == 1
    assert list(folder.iterdir()) == [paths[1]]


rows = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12)


@given(rows, rows)
def test_it_is_the_difference_of_two_bags(
    tmp_path_factory: pytest.TempPathFactory, before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    sides = []
    for name, content in (("before", before), ("after", after)):
        path = folder / f"{name}.csv"
        path.write_bytes(csv_of(*(f"{one},{two}" for one, two in content), header="k,v"))
        sides.append(DiffSide([SourceFile(path, name, "csv")], ["k", "v"], [name]))
    write_diff(folder / "out", sides[0], sides[1], None)
    entries = read_entries(folder / "out", None, 0, 100)
    bags = [
        Counter((row["k"], row["v"]) for entry in entries if (row := getattr(entry, side)))
        for side in ("before", "after")
    ]
    assert bags == [Counter(before) - Counter(after), Counter(after) - Counter(before)]
    # By key: as many pairs as both have of each key, and a pair is told only when it differs.
    write_diff(folder / "keyed", sides[0], sides[1], "k")
    totals = read_totals(folder / "keyed")
    keys = [Counter(key for key, _ in content) for content in (before, after)]
    assert totals["removed"] == (keys[0] - keys[1]).total()
    assert totals["added"] == (keys[1] - keys[0]).total()
    assert totals["changed"] <= (keys[0] & keys[1]).total()
    assert sorted(path.name for path in folder.iterdir()) == ["after.csv", "before.csv", "keyed", "out"]
