"""The protocol of uploads in pieces."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlmodel import Session, col, update

from backend.uploads import service
from pegbox.errors import ConflictError
from pegbox.settings import Settings
from pegbox.store.database import open_engine
from pegbox.store.tables import Upload, now
from tests.apps import open_backend

Json = dict[str, Any]
CSV = b"input,output\n" + b"".join(b"question %d,answer %d\n" % (n, n) for n in range(200))


def begin(client: TestClient, content: bytes = CSV, name: str = "x.csv", **more: Any) -> str:
    answer = client.post("/api/uploads", json={"name": name, "size": len(content), **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/uploads/{answer.json()['id']}"
    return str(answer.json()["id"])


def send(client: TestClient, upload: str, offset: int, piece: bytes) -> Any:
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return client.patch(f"/api/uploads/{upload}", content=piece, headers=headers)


def brought(client: TestClient, content: bytes = CSV, name: str = "x.csv") -> str:
    upload = begin(client, content, name)
    assert send(client, upload, 0, content).status_code == 204
    return upload


def test_pieces_become_a_dataset(client: TestClient, home: Path) -> None:
    upload = begin(client, md5=hashlib.md5(CSV).hexdigest(), sha256=hashlib.sha256(CSV).hexdigest())
    for start in range(0, len(CSV), 1000):
        answer = send(client, upload, start, CSV[start : start + 1000])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(min(start + 1000, len(CSV))))
    found = client.get(f"/api/uploads/{upload}").json()
    assert (found["offset"], found["size"], found["finished"]) == (len(CSV), len(CSV), False)
    finished = client.post(f"/api/uploads/{upload}/finish").json()
    assert (finished["finished"], finished["md5"]) == (True, hashlib.md5(CSV).hexdigest())
    preview = client.get(f"/api/uploads/{upload}/preview").json()
    assert (preview["statistics"]["usable_rows"], preview["filename"]) == (200, "x.csv")
    answer = client.post("/api/datasets", json={"name": "D", "upload_id": upload})
    assert (answer.status_code, answer.json()["hash"], answer.json()["rows"]) == (201, finished["md5"], 200)
    assert client.get("/api/datasets/d/file").content == CSV
    assert client.get(f"/api/uploads/{upload}").status_code == 404
    assert list((home / "uploads").iterdir()) == []


def test_head_tells_the_offset(client: TestClient) -> None:
    upload = begin(client)
    send(client, upload, 0, CSV[:10])
    answer = client.head(f"/api/uploads/{upload}")
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("10", str(len(CSV)))
    assert answer.headers["cache-control"] == "no-store"
    assert client.head("/api/uploads/upload-nope").status_code == 404


def test_an_upload_becomes_a_version(client: TestClient) -> None:
    first = {"name": "D", "upload_id": brought(client)}
    client.post("/api/datasets", json=first)
    other = brought(client, b'{"input": "q", "output": "a"}\n', "y.jsonl")
    answer = client.post("/api/datasets/d/versions", json={"upload_id": other, "message": "other rows"})
    assert (answer.status_code, answer.json()["version"], answer.json()["format"]) == (201, "v1.1.0", "jsonl")


def test_the_same_bytes_again_are_no_new_version_and_are_used_up(client: TestClient) -> None:
    client.post("/api/datasets", json={"name": "D", "upload_id": brought(client)}).raise_for_status()
    again = brought(client)
    answer = client.post("/api/datasets/d/versions", json={"upload_id": again})
    assert (answer.status_code, answer.json()["version"]) == (200, "v1.0.0")
    assert client.get(f"/api/uploads/{again}").status_code == 404


def test_what_is_refused_can_be_tried_again(client: TestClient) -> None:
    upload = brought(client, b"frage,antwort\nq,a\n")
    refused = client.post("/api/datasets", json={"name": "D", "upload_id": upload})
    assert refused.status_code == 400
    mapping = {"input": "frage", "output": "antwort"}
    kept = client.post("/api/datasets", json={"name": "D", "upload_id": upload, "columnMapping": mapping})
    assert (kept.status_code, kept.json()["validation"]["isValid"]) == (201, True)


@pytest.mark.parametrize(
    ("offset", "piece", "status", "says"),
    [
        (1, b"x", 409, "has 0 bytes; continue there, not at 1"),
        (0, CSV + b"x", 400, "goes beyond"),
        (-1, b"x", 422, "upload-offset"),
    ],
)
def test_pieces_that_do_not_fit(client: TestClient, offset: int, piece: bytes, status: int, says: str) -> None:
    upload = begin(client)
    answer = send(client, upload, offset, piece)
    assert (answer.status_code, says in answer.json()["detail"].lower()) == (status, True), answer.text
    assert client.get(f"/api/uploads/{upload}").json()["offset"] == 0
    assert send(client, upload, 0, CSV).status_code == 204


def test_a_piece_may_not_be_too_large(client: TestClient) -> None:
    content = b"x" * (9 * 1024 * 1024)
    upload = begin(client, content)
    assert send(client, upload, 0, content).status_code == 413
    assert client.get(f"/api/uploads/{upload}").json()["offset"] == 0


def test_other_bytes_than_announced(client: TestClient) -> None:
    upload = begin(client, sha256="0" * 64)
    send(client, upload, 0, CSV)
    answer = client.post(f"/api/uploads/{upload}/finish")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"The SHA-256 of what arrived is {hashlib.sha256(CSV).hexdigest()}")
    assert client.post("/api/datasets", json={"name": "D", "upload_id": upload}).status_code == 400


def test_an_unfinished_upload_is_no_dataset(client: TestClient) -> None:
    upload = begin(client)
    send(client, upload, 0, CSV[:-5])
    answer = client.post("/api/datasets", json={"name": "D", "upload_id": upload})
    assert (answer.status_code, answer.json()["detail"]) == (409, "5 bytes are missing yet")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x.csv"},
        {"name": "x.csv", "size": 0},
        {"name": "x.csv", "size": 1.5},
        {"name": "", "size": 1},
        {"name": "a/", "size": 1},
        {"name": "x\x00.csv", "size": 1},
        {"name": "x.csv", "size": 1, "md5": "ABC"},
    ],
)
def test_bad_announcements(client: TestClient, body: Json) -> None:
    assert client.post("/api/uploads", json=body).status_code == 422


def test_limits(client: TestClient, settings: Settings) -> None:
    too_large = client.post("/api/uploads", json={"name": "x.csv", "size": settings.max_upload_bytes + 1})
    assert too_large.status_code == 413
    settings.max_upload_bytes = 2**53
    no_room = client.post("/api/uploads", json={"name": "x.csv", "size": 2**52})
    assert no_room.status_code == 503
    assert no_room.json()["detail"].startswith("The disk has ")


def test_names_are_no_paths(client: TestClient, home: Path) -> None:
    upload = begin(client, name="../../etc/x.csv")
    assert client.get(f"/api/uploads/{upload}").json()["name"] == "x.csv"
    assert [path.name for path in (home / "uploads").iterdir()] == [upload]
    for key in ("..%2Fpegbox.db", "UPLOAD", "%00", "a" * 101):
        assert client.get(f"/api/uploads/{key}").status_code in (404, 422)


def test_deleting(client: TestClient, home: Path) -> None:
    upload = brought(client)
    assert client.delete(f"/api/uploads/{upload}").json()["success"] is True
    assert client.delete(f"/api/uploads/{upload}").status_code == 404
    assert send(client, upload, 0, b"x").status_code == 404
    assert list((home / "uploads").iterdir()) == []


def test_one_request_at_a_time(client: TestClient, settings: Settings) -> None:
    upload = begin(client)
    engine = open_engine(settings)
    piece = service.open_piece(engine, settings, upload, 0)
    piece.write(b"half of it")
    answer = send(client, upload, 0, CSV)
    assert (answer.status_code, "Another request" in answer.json()["detail"]) == (409, True)
    piece.close()  # as when its process dies: nothing was acknowledged
    assert client.get(f"/api/uploads/{upload}").json()["offset"] == 0
    assert send(client, upload, 0, CSV).status_code == 204
    assert client.post(f"/api/uploads/{upload}/finish").json()["sha256"] == hashlib.sha256(CSV).hexdigest()
    with pytest.raises(ConflictError, match="finished"):
        service.open_piece(engine, settings, upload, len(CSV))
    engine.dispose()


def test_unclaimed_uploads_go_after_a_day(db: Session, settings: Settings) -> None:
    """No backend runs meanwhile: its housekeeping, too, would forget the old upload."""
    with open_backend(settings) as client:
        old, young = begin(client), begin(client)
    folder = settings.uploads_dir
    (folder / "stray").write_bytes(b"x")
    (folder / "fresh").write_bytes(b"x")
    os.utime(folder / "stray", (0, 0))
    db.exec(update(Upload).where(col(Upload.id) == old).values(updated_at=now() - timedelta(days=1, minutes=1)))
    db.commit()
    assert service.delete_expired_uploads(db, settings) == 2
    assert {path.name for path in folder.iterdir()} == {young, "fresh"}
    with open_backend(settings) as client:
        assert client.get(f"/api/uploads/{old}").status_code == 404
        assert client.get(f"/api/uploads/{young}").status_code == 200


@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_of_right_and_wrong_pieces(client: TestClient, data: st.DataObject) -> None:
    """Whatever is sent where: the offset is that of the bytes that are there, and in the end they are the right ones."""
    content = data.draw(st.binary(min_size=1, max_size=300))
    upload = begin(client, content)
    known = 0
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(content)) | st.just(known))
        piece = content[start : start + data.draw(st.integers(0, 200))]
        fits = start == known
        assert send(client, upload, start, piece).status_code == (204 if fits else 409)
        known += len(piece) if fits else 0
        assert client.get(f"/api/uploads/{upload}").json()["offset"] == known
    send(client, upload, known, content[known:])
    finished = client.post(f"/api/uploads/{upload}/finish").json()
    assert finished["sha256"] == hashlib.sha256(content).hexdigest()
    client.delete(f"/api/uploads/{upload}")
