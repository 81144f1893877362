"""Names that try to leave the data folder: in every address, and in the names of files that are sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pegbox.web.access.route_rules import RULES, Rule

SECRET = "only for those who got out"
CSV = b"input,output\nq,a\n"
WAITING = ("/gradio_api/queue/",)
"""Whose answer is a stream that stays open for its caller; they take no names in their addresses."""


@pytest.fixture
def ways_out(tmp_path: Path) -> list[str]:
    """Of a file beside the data folder, as it may be written in an address."""
    (tmp_path / "secret.txt").write_text(SECRET)
    up = ["../" * depth + "secret.txt" for depth in (1, 2, 3)]
    plain = [*up, str(tmp_path / "secret.txt"), "..\\..\\secret.txt", "....//....//secret.txt", "secret.txt\0.csv"]
    once = [name.replace("/", "%2F").replace("\\", "%5C").replace("\0", "%00") for name in plain]
    return [*once, *(name.replace("%", "%25") for name in once[:3]), once[1].replace(".", "%2e")]


def named_reads() -> Iterator[Rule]:
    for rule in RULES:
        if rule.method == "GET" and "{" in rule.template and not rule.template.startswith(WAITING):
            yield rule


def test_no_address_leads_out_of_the_data_folder(
    backend_client: TestClient, monitor_client: TestClient, ways_out: list[str]
) -> None:
    tried = 0
    for rule in named_reads():
        head, _, rest = rule.template.partition("{")
        tail = rest.partition("}")[2]
        for way in ways_out:
            for client in (backend_client, monitor_client):
                answer = client.get(f"{head}{way}{tail.replace('{', '').replace('}', '')}", follow_redirects=False)
                assert answer.status_code != 500, (rule.name, way)
                assert SECRET not in answer.text, (rule.name, way)
                tried += 1
    assert tried > 500


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/tmp/evil.csv", "..\\evil.csv", "a/../../evil.csv", "evil.csv\0.txt"]
)
def test_a_files_name_decides_nothing_about_its_place(backend_client: TestClient, tmp_path: Path, name: str) -> None:
    before = outside(tmp_path)
    backend_client.post("/api/datasets", files={"file": (name, CSV)})
    backend_client.post("/api/datasets", data={"name": name}, files={"file": ("d.csv", CSV)})
    backend_client.post("/api/uploads", json={"name": name, "size": len(CSV)})
    assert outside(tmp_path) == before
    assert not Path("/tmp/evil.csv").exists()


@pytest.mark.parametrize("name", ["../../evil.csv", "/tmp/evil.csv", "data/../../evil.csv"])
def test_an_archives_members_stay_in_it(backend_client: TestClient, tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, CSV)
    before = outside(tmp_path)
    answer = backend_client.post("/api/datasets", files={"file": ("evil.zip", packed.getvalue())})
    assert answer.status_code == 400
    assert outside(tmp_path) == before
    assert not Path("/tmp/evil.csv").exists()


def outside(tmp_path: Path) -> set[Path]:
    """Files that are not in the data folder."""
    return {path for path in tmp_path.rglob("*") if tmp_path / "home" not in path.parents}
