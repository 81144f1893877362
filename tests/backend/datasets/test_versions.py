"""Versions: stored once, gone back to, downloaded, used, and those from before there were several files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import Session, col, select, update

from backend.datasets import service
from backend.datasets.versions import service as versions
from pegbox.settings import Settings
from pegbox.store.tables import Dataset, DatasetFile, DatasetVersion
from tests.apps import open_backend
from tests.backend.conftest import Hand
from tests.backend.datasets.archives import zip_of

Json = dict[str, Any]


def csv_of(*rows: str) -> bytes:
    return b"input,output\n" + b"".join(f"{row}\n".encode() for row in rows)


def parts(changed: int = -1) -> dict[str, bytes]:
    return {f"part-{n}.csv": csv_of(f"q{n},a{n}{'!' if n == changed else ''}") for n in range(5)}


def send(client: TestClient, path: str, content: bytes, filename: str = "x.csv", **fields: str) -> Any:
    return client.post(path, files={"file": (filename, content)}, data=fields)


def stored(home: Path) -> set[str]:
    return {path.name for path in (home / "datasets").iterdir()}


def test_a_changed_file_is_all_that_a_version_stores(client: TestClient, home: Path) -> None:
    send(client, "/api/datasets", zip_of(parts()), "x.zip", name="D")
    before = stored(home)
    assert len(before) == 5
    answer = send(client, "/api/datasets/d/versions", zip_of(parts(3)), "x.zip", message="the third one")
    assert answer.status_code == 201
    assert stored(home) - before == {f"{hashlib.sha256(parts(3)['part-3.csv']).hexdigest()}.csv"}
    newest, first = client.get("/api/datasets/d/versions").json()["versions"]
    assert (newest["version"], newest["parent"], newest["message"]) == ("v1.1.0", "v1.0.0", "the third one")
    assert (newest["files"], first["files"]) == (5, 5)
    assert newest["hash"].endswith(".dir")
    assert newest["hash"] != first["hash"]
    assert answer.json()["hash"] == newest["hash"]


def test_the_same_bytes_are_no_new_version(client: TestClient) -> None:
    first = send(client, "/api/datasets", csv_of("q,a"), name="D").json()
    again = send(client, "/api/datasets/d/versions", csv_of("q,a"))
    assert (again.status_code, again.json()["uid"], again.json()["version"]) == (200, first["uid"], "v1.0.0")
    assert len(client.get("/api/datasets/d/versions").json()["versions"]) == 1
    # Packed otherwise it is the same dataset.
    one_file = send(client, "/api/datasets/d/versions", zip_of({"other.csv": csv_of("q,a")}), "y.zip")
    assert one_file.status_code == 200


def test_going_back_copies_nothing(client: TestClient, home: Path) -> None:
    first = send(client, "/api/datasets", csv_of("q,a"), name="D").json()
    send(client, "/api/datasets/d/versions", b"frage;input;output\nx;q2;a2\n")
    before = stored(home)
    answer = client.post("/api/datasets/d/versions", json={"rollback_to": "v1.0.0"})
    assert answer.status_code == 201
    record = answer.json()
    assert (record["version"], record["hash"], record["columns"], record["delimiter"]) == (
        "v1.2.0",
        first["hash"],
        ["input", "output"],
        ",",
    )
    assert stored(home) == before
    listed = client.get("/api/datasets/d/versions").json()["versions"]
    assert [(item["version"], item["parent"], item["message"]) for item in listed] == [
        ("v1.2.0", "v1.1.0", "Back to v1.0.0"),
        ("v1.1.0", "v1.0.0", ""),
        ("v1.0.0", None, ""),
    ]
    assert client.get("/api/datasets/d/rows").json()["rows"] == [{"input": "q", "output": "a"}]
    again = client.post("/api/datasets/d/versions", json={"rollback_to": "1.0.0"})
    assert (again.status_code, again.json()["detail"]) == (409, "Dataset 'D' is what it was in v1.0.0")
    assert client.post("/api/datasets/d/versions", json={"rollback_to": "v9.0.0"}).status_code == 404
    forward = client.post("/api/datasets/d/versions", json={"rollback_to": "v1.1.0", "message": "after all"}).json()
    assert (forward["version"], forward["delimiter"], forward["columns"][0]) == ("v1.3.0", ";", "frage")


def test_every_version_can_be_downloaded(client: TestClient) -> None:
    send(client, "/api/datasets", csv_of("q,a"), name="D")
    send(client, "/api/datasets/d/versions", b'{"input": "q", "output": "a"}\n', "x.jsonl")
    old = client.get("/api/datasets/d/file?version=v1.0.0")
    assert old.content == csv_of("q,a")
    assert 'filename="d-v1.0.0.csv"' in old.headers["content-disposition"]
    assert client.get("/api/datasets/d/file?version=1.1.0").content.startswith(b"{")
    assert client.get("/api/datasets/d/file?version=v7").status_code == 404
    assert client.get("/api/datasets/d/file?version=../x").status_code == 422


def test_files_stay_while_any_version_needs_them(client: TestClient, home: Path) -> None:
    send(client, "/api/datasets", zip_of(parts()), "x.zip", name="D")
    send(client, "/api/datasets", zip_of(parts(0)), "x.zip", name="E")
    assert len(stored(home)) == 6
    client.delete("/api/datasets/d")
    assert len(stored(home)) == 5
    client.delete("/api/datasets/e")
    assert stored(home) == set()


def test_a_bad_request_for_a_version(client: TestClient) -> None:
    send(client, "/api/datasets", csv_of("q,a"), name="D")
    path = "/api/datasets/d/versions"
    assert client.post(path, json={}).status_code == 422
    assert client.post(path, json={"rollback_to": "v1.0.0", "sha256": "0" * 64}).status_code == 422
    assert client.post(path, content=b"x", headers={"Content-Type": "text/csv"}).status_code == 415
    assert send(client, "/api/datasets/nope/versions", csv_of("q,a")).status_code == 404
    assert send(client, path, csv_of("r,b"), version="v1.0.0").status_code == 409
    refused = send(client, path, b"a,b\n1,2\n", strict="true")
    assert refused.status_code == 400
    assert send(client, path, csv_of("r,b"), version="v1.0.1").json()["version"] == "v1.0.1"


def test_jobs_keep_the_version_they_were_created_with(
    client: TestClient, create_job: Callable[..., Json], dataset: Json, hand: Hand
) -> None:
    job = create_job()
    send(client, f"/api/datasets/{dataset['uid']}/versions", b'{"input": "q", "output": "a"}\n', "x.jsonl")
    later = create_job(name="later")
    used = client.get(f"/api/datasets/{dataset['uid']}/uses").json()
    assert {(item["id"], item["version"], item["state"]) for item in used["jobs"]} == {
        (job["uid"], "v1.0.0", "queued"),
        (later["uid"], "v1.1.0", "queued"),
    }
    assert (used["job_count"], used["unfinished_jobs"], used["model_count"], used["held"]) == (2, 2, 0, True)
    # Deleted by force, both jobs still get what they were created with.
    assert client.delete(f"/api/datasets/{dataset['uid']}").status_code == 409
    assert client.delete(f"/api/datasets/{dataset['uid']}?force=true").status_code == 200
    for _ in range(2):
        claim = hand.claim()
        assert claim is not None
        content = client.get(f"/api/queue/{hand.uid}/dataset?claim_token={hand.token}").content
        assert hashlib.sha256(content).hexdigest() == claim["job"]["dataset"]["sha256"]
        hand.report("failed", error="x")


def test_a_model_knows_its_version(
    client: TestClient, create_job: Callable[..., Json], dataset: Json, hand: Hand, tmp_path: Path
) -> None:
    create_job()
    claim = hand.claim()
    assert claim is not None
    hand.report("completed", result={"model_path": str(tmp_path), "steps": 1, "metrics": {"eval_loss": 0.41}})
    model = client.get(f"/api/models/{claim['job']['model_id']}").json()
    assert (model["dataset"]["uid"], model["dataset"]["version"], model["dataset"]["hash"]) == (
        dataset["uid"],
        "v1.0.0",
        dataset["hash"],
    )
    used = client.get(f"/api/datasets/{dataset['uid']}/uses").json()
    assert [(item["id"], item["version"]) for item in used["models"]] == [(model["id"], "v1.0.0")]
    refused = client.delete(f"/api/datasets/{dataset['uid']}")
    assert refused.json()["detail"].startswith("The dataset is used by 1 model;")


def test_versions_from_before_there_were_several_files(db: Session, settings: Settings) -> None:
    columns = json.dumps({"input": "frage", "output": "antwort"})
    with open_backend(settings) as client:  # ended before the test does its housekeeping
        send(client, "/api/datasets", b"frage;antwort\nq;a\n", name="D", columns=columns)
        send(client, "/api/datasets/d/versions", csv_of("q,a"))
    _forget_what_is_new(db)
    service.clean_up(db, settings)
    assert versions.find_current(db, service.get_dataset(db, "d")) is not None
    with open_backend(settings) as client:
        newest, first = client.get("/api/datasets/d/versions").json()["versions"]
        assert first["hash"] == hashlib.md5(b"frage;antwort\nq;a\n").hexdigest()
        assert (first["columns"], newest["columns"]) == (["frage", "antwort"], ["input", "output"])
        record = client.get("/api/datasets/d").json()
        assert record["hash"] == newest["hash"] == hashlib.md5(csv_of("q,a")).hexdigest()
        back = client.post("/api/datasets/d/versions", json={"rollback_to": "v1.0.0"}).json()
        assert (back["delimiter"], back["columns"]) == (";", ["frage", "antwort"])


def _forget_what_is_new(db: Session) -> None:
    """What the migration finds: no hash, no columns, no encoding."""
    db.exec(update(Dataset).values(hash=None))
    db.exec(update(DatasetVersion).values(hash=None, columns=[], column_mapping={}))
    db.exec(update(DatasetFile).values(md5=None, encoding=None, delimiter=None))
    db.commit()
    assert db.exec(select(DatasetVersion).where(col(DatasetVersion.hash).is_not(None))).all() == []
