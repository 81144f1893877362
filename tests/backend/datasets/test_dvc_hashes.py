"""Hashes equal those of DVC.

The expected ones were computed by dvc-data 3.18.3 (`dvc_data.hashfile.build.build` on a `LocalHashFileDB`, algorithm "md5"), from
these very files on a disk; several files as the folder that holds them, one file as itself.
"""

from __future__ import annotations

import hashlib

import pytest
from fastapi.testclient import TestClient

from backend.datasets.versions.dvc import dvc_hash
from tests.backend.datasets.archives import zip_of

VECTORS: dict[str, tuple[dict[str, bytes], str]] = {
    "one file": ({"data.csv": b"input,output\nq1,a1\nq2,a2\n"}, "dbab9994e2e509aa4da4151daaed37cb"),
    "line endings stay": ({"data.csv": b"input,output\r\nq1,a1\r\n"}, "31b795a14c17c8f64cbc6199d39be5f8"),
    "two files": (
        {"data.csv": b"input,output\nq1,a1\n", "more.jsonl": b'{"input": "q2", "output": "a2"}\n'},
        "818d0591d9a0ce2e4416e6541f170ce2.dir",
    ),
    "folders": (
        {
            "train/a.csv": b"input,output\nq1,a1\n",
            "train/b.csv": b"input,output\nq2,a2\n",
            "test.csv": b"input,output\nq3,a3\n",
        },
        "f99666f554a688a03a816def977893b1.dir",
    ),
    "order is that of whole paths": (
        {"a.csv": b"1\n", "a/b.csv": b"2\n", "a-b.csv": b"3\n", "B.csv": b"4\n"},
        "ab6bb44e2326b39f8786940e967e0336.dir",
    ),
    "names beyond ASCII": (
        {"größe.csv": b"input,output\nq1,a1\n", '质量 "x".csv': b"input,output\nq2,a2\n"},
        "fc755a31131e6c243506fc5ed225a348.dir",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    files, expected = VECTORS[name]
    assert dvc_hash([(path, hashlib.md5(content).hexdigest()) for path, content in files.items()]) == expected


@pytest.mark.parametrize("name", [name for name in VECTORS if name != "order is that of whole paths"])
def test_what_is_uploaded_has_the_hash(client: TestClient, name: str) -> None:
    files, expected = VECTORS[name]
    sent = ("data.zip", zip_of(files)) if len(files) > 1 else next(iter(files.items()))
    answer = client.post("/api/datasets", files={"file": sent}, data={"name": "hashed"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["hash"] == expected
    (version,) = client.get("/api/datasets/hashed/versions").json()["versions"]
    assert (version["hash"], version["files"]) == (expected, len(files))
