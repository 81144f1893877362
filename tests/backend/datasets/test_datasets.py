"""Registering, reading, changing and deleting datasets."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from backend.datasets import service
from backend.datasets.files import delete_unregistered
from pegbox.settings import Settings
from tests.apps import open_backend
from tests.cast import SUPPORT_CSV

Json = dict[str, Any]
CSV = b"input,output\nq1,a1\nq2,a2\n"


def upload(client: TestClient, content: bytes = CSV, filename: str = "data.csv", **fields: str) -> Any:
    return client.post("/api/datasets", files={"file": (filename, content)}, data=fields)


def preview(client: TestClient, content: bytes = CSV) -> str:
    return str(client.post("/api/preview-csv", files={"file": ("data.csv", content)}).json()["sha256"])


def test_multipart_and_json_end_in_the_same_record(client: TestClient) -> None:
    by_form = upload(client, name="By form", description="d", tags="a, b")
    sha256 = preview(client)
    by_json = client.post(
        "/api/datasets", json={"name": "By JSON", "description": "d", "tags": ["a", "b"], "previewId": sha256}
    )
    assert (by_form.status_code, by_json.status_code) == (201, 201)
    differing = {"uid", "id", "name", "created_at", "createdAt", "updatedAt", "dataset"}
    left, right = by_form.json(), by_json.json()
    assert {key: value for key, value in left.items() if key not in differing} == {
        key: value for key, value in right.items() if key not in differing
    }
    assert left["success"] is True
    assert (left["version"], left["rows"], left["size_bytes"], left["format"]) == ("v1.0.0", 2, len(CSV), "csv")
    assert left["sha256"] == sha256
    assert left["hash"] == hashlib.md5(CSV).hexdigest()


def test_slugs_are_unique(client: TestClient) -> None:
    ids = [upload(client, name=name).json()["id"] for name in ("My Data!", "my data", "Мои данные", "Ça va")]
    assert ids == ["my-data", "my-data-2", "dataset", "ca-va"]


@pytest.mark.parametrize("key", ["uid", "id"])
def test_uid_and_slug_are_equal(client: TestClient, dataset: Json, key: str) -> None:
    path = f"/api/datasets/{dataset[key]}"
    assert client.get(path).json()["uid"] == dataset["uid"]
    assert client.get(f"/api/dataset-by-uid/{dataset[key]}").json()["uid"] == dataset["uid"]
    assert client.get(f"{path}/file").content == SUPPORT_CSV.read_bytes()


def test_same_name_again(client: TestClient) -> None:
    first = upload(client, name="D")
    same = upload(client, name="D")
    assert (same.status_code, same.json()["uid"]) == (200, first.json()["uid"])
    other = upload(client, CSV + b"q3,a3\n", name="D")
    assert other.status_code == 409
    newer = upload(client, CSV + b"q3,a3\n", name="D", new_version="true")
    assert (newer.status_code, newer.json()["version"], newer.json()["rows"]) == (201, "v1.1.0", 3)
    named = upload(client, CSV + b"q4,a4\n", name="D", version="v2.0.0")
    assert named.json()["version"] == "v2.0.0"
    assert upload(client, CSV + b"q5,a5\n", name="D", version="v2.0.0").status_code == 409
    versions = client.get("/api/datasets/d/versions").json()["versions"]
    assert [(item["version"], item["parent"], item["rows"]) for item in versions] == [
        ("v2.0.0", "v1.1.0", 3),
        ("v1.1.0", "v1.0.0", 3),
        ("v1.0.0", None, 2),
    ]


def test_mapping(client: TestClient) -> None:
    content = b"frage;antwort;rest\nq;a;x\n"
    kept = upload(client, content, name="unmapped")
    assert kept.status_code == 201
    assert kept.json()["validation"] == {
        "isValid": False,
        "hasRequiredColumns": False,
        "errors": ['Missing required "input" column', 'Missing required "output" column'],
        "warnings": ["Only 1 row; 100 or more are advised"],
    }
    mapping = {"input": "frage", "output": "antwort"}
    mapped = upload(client, content, name="mapped", columns=json.dumps(mapping), strict="true")
    assert (mapped.status_code, mapped.json()["validation"]["isValid"]) == (201, True)
    assert (mapped.json()["columnMapping"], mapped.json()["delimiter"]) == (mapping, ";")
    wrong = upload(client, content, name="wrong", columns='{"input": "nope", "output": "antwort"}', strict="1")
    assert wrong.status_code == 400
    assert wrong.json()["detail"] == "Failed to parse CSV file: Column 'nope' (mapped to 'input') is not in the file"
    later = client.put("/api/datasets/unmapped", json={"columnMapping": mapping})
    assert later.json()["dataset"]["validation"]["isValid"] is True


def test_rows_page(client: TestClient) -> None:
    content = b'input,output\n"a\nb",1\n\nq,\n' + b"".join(b"%d,%d\n" % (n, n) for n in range(30))
    uid = upload(client, content).json()["uid"]
    page = client.get(f"/api/datasets/{uid}/rows?offset=1&limit=2").json()
    assert page["rows"] == [{"input": "q", "output": None}, {"input": "0", "output": "0"}]
    assert page["lines"] == [5, 6]
    assert page["columns"] == ["input", "output"]
    assert client.get(f"/api/datasets/{uid}/rows?offset=31").json()["rows"] == [{"input": "29", "output": "29"}]
    assert client.get(f"/api/datasets/{uid}/rows?limit=501").status_code == 422


def test_update(client: TestClient, dataset: Json) -> None:
    url = f"/api/datasets/{dataset['uid']}"
    changed = client.put(url, json={"name": "New name", "description": "x", "tags": ["t"]})
    assert changed.json()["success"] is True
    record = client.get(url).json()
    assert (record["name"], record["description"], record["tags"]) == ("New name", "x", ["t"])
    assert record["id"] == dataset["id"]
    upload(client, name="Taken")
    assert client.put(url, json={"name": "Taken"}).status_code == 409
    replaced = client.put(url, json={"sha256": preview(client)}).json()["dataset"]
    assert (replaced["version"], replaced["rows"]) == ("v1.1.0", 2)


def test_record_without_a_file(client: TestClient) -> None:
    answer = client.post("/api/datasets", json={"name": "Old", "columns": ["input", "output"], "rows": 9})
    assert answer.status_code == 201
    assert answer.json()["validation"]["isValid"] is False
    assert answer.json()["hash"] is None
    assert client.get("/api/datasets/old/file").status_code == 404
    assert client.put("/api/datasets/old", json={"sha256": preview(client)}).json()["dataset"]["validation"]["isValid"]


def test_delete(client: TestClient, home: Path) -> None:
    one = upload(client, name="one").json()
    two = upload(client, name="two").json()
    path = home / "datasets" / f"{one['sha256']}.csv"
    assert client.delete(f"/api/datasets/{one['uid']}").json()["success"] is True
    assert path.exists(), "another dataset holds the same bytes"
    client.delete(f"/api/datasets/{two['uid']}")
    assert not path.exists()
    answer = client.delete(f"/api/datasets/{two['uid']}")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Dataset not found")
    assert client.get(f"/api/dataset-by-uid/{two['uid']}").json()["detail"] == f"Dataset UID not found: {two['uid']}"


def test_bytes_of_an_unfinished_job_stay(client: TestClient, home: Path) -> None:
    record = upload(client).json()
    configuration = {"model": {"uid": "starter"}, "dataset": {"uid": record["uid"]}}
    job = client.post("/api/jobs", json={"name": "x", "configuration": configuration}).json()
    assert job["state"] == "queued"
    refused = client.delete(f"/api/datasets/{record['uid']}")
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("The dataset is used by 1 unfinished job;")
    assert refused.json()["errors"][0]["loc"] == ["jobs", job["jobUid"]]
    assert client.delete(f"/api/datasets/{record['uid']}?force=true").status_code == 200
    assert (home / "datasets" / f"{record['sha256']}.csv").exists()


def test_forgotten_uploads_go_away(settings: Settings, home: Path) -> None:
    folder = home / "datasets"
    with open_backend(settings) as client:  # ended before the test forgets: its housekeeping does the same
        kept = upload(client).json()["sha256"]
        old, young = preview(client, CSV + b"old,1\n"), preview(client, CSV + b"young,1\n")
    (folder / ".incoming-broken").write_bytes(b"half")
    for path in (folder / f"{kept}.csv", folder / f"{old}.csv", folder / ".incoming-broken"):
        os.utime(path, (0, 0))
    assert delete_unregistered(folder, {kept}) == 2
    assert {path.stem for path in folder.iterdir()} == {kept, young}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x07b"}, "control characters"),
        ({"columns": "{"}, "columns must be JSON"),
        ({"columns": "[1]"}, "columns"),
        ({"version": "newest"}, "version"),
        ({"strict": "perhaps"}, "strict"),
    ],
)
def test_bad_form_fields(client: TestClient, home: Path, fields: dict[str, str], says: str) -> None:
    answer = upload(client, CSV, "data.csv", **fields)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert not list((home / "datasets").iterdir())


def test_bad_json_bodies(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'{"name": 1}', b'{"name": "x", "sha256": "zz"}', b"\xff", b"[" * 100_000):
        assert client.post("/api/datasets", content=body, headers=headers).status_code == 422, body[:20]
    assert client.post("/api/datasets", content=b"x", headers={"Content-Type": "text/csv"}).status_code == 415
    assert client.post("/api/datasets", json={"name": "x", "sha256": "0" * 64}).status_code == 404


def test_a_dataset_that_goes_while_it_is_changed(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = upload(client, name="short-lived").json()["uid"]
    begin = service.begin_write

    def begin_late(db: Session) -> None:
        monkeypatch.setattr(service, "begin_write", begin)
        assert client.delete(f"/api/datasets/{uid}").status_code in (200, 204)
        begin(db)

    monkeypatch.setattr(service, "begin_write", begin_late)
    answer = client.put(f"/api/datasets/{uid}", json={"description": "too late"})
    assert answer.status_code == 404


def test_the_list_is_bare_with_both_sizes(client: TestClient) -> None:
    content = b"input,output\n" + b"question,answer\n" * 200_000
    created = upload(client, content, name="big").json()
    listed = client.get("/api/datasets")
    assert isinstance(listed.json(), list)
    (record,) = listed.json()
    assert (record["size"], record["size_bytes"]) == ("3.1 MB", len(content))
    assert (record["format"], record["version"]) == ("csv", "v1.0.0")
    assert record["hash"] == hashlib.md5(content).hexdigest()
    assert record == created["dataset"]


def test_a_dataset_has_a_limit_of_its_own(client: TestClient, settings: Settings) -> None:
    settings.max_dataset_bytes = len(CSV)
    assert upload(client, CSV, name="just").status_code == 201
    refused = upload(client, CSV + b"q,a\n", name="more")
    assert refused.status_code == 413
    assert refused.json()["detail"] == f"File size exceeds maximum allowed size of {len(CSV)} bytes"
    assert preview(client, CSV + b"q,a\n"), "the preview has another"
