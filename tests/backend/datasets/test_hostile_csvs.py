"""Whatever calls itself a CSV gets a clear answer, never a 500, and leaves nothing behind when it is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from pegbox.settings import Settings
from tests.cast.hostile_csvs import HOSTILE_CSVS, UNTRAINABLE_CSVS


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    """One backend for the whole table: what a file leaves behind would show in the next test."""
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield client


def test_the_table_holds_thirty() -> None:
    assert len(HOSTILE_CSVS) >= 30


@pytest.mark.parametrize("name", HOSTILE_CSVS)
def test_preview_refuses(client: TestClient, settings: Settings, name: str) -> None:
    hostile = HOSTILE_CSVS[name]
    answer = client.post("/api/preview-csv", files={"file": (hostile.filename, hostile.content)})
    assert answer.status_code == 400, answer.text[:500]
    assert hostile.expected_error in answer.json()["detail"]
    assert answer.json()["error_type"] == "ValidationError"
    assert list(settings.datasets_dir.iterdir()) == []


@pytest.mark.parametrize("name", [*HOSTILE_CSVS, *UNTRAINABLE_CSVS])
def test_registration_refuses(client: TestClient, settings: Settings, name: str) -> None:
    hostile = {**HOSTILE_CSVS, **UNTRAINABLE_CSVS}[name]
    files = {"file": (hostile.filename, hostile.content)}
    answer = client.post("/api/datasets", files=files, data={"name": "x", "strict": "true"})
    assert answer.status_code == 400, answer.text[:500]
    assert hostile.expected_error in answer.json()["detail"]
    assert client.get("/api/datasets").json() == []
    assert list(settings.datasets_dir.iterdir()) == []


@pytest.mark.parametrize("name", UNTRAINABLE_CSVS)
def test_preview_explains_what_training_would_refuse(client: TestClient, settings: Settings, name: str) -> None:
    answer = client.post("/api/preview-csv", files={"file": ("data.csv", UNTRAINABLE_CSVS[name].content)})
    assert answer.status_code == 200
    assert answer.json()["validation_errors"]
    for path in settings.datasets_dir.iterdir():
        path.unlink()


def test_formula_cells_are_data_with_a_warning(client: TestClient) -> None:
    content = b'input,output\nq,"=HYPERLINK(""http://evil"")"\nq2,@SUM(1+1)\nq3,-5\nq4,- a list item\n'
    answer = client.post("/api/preview-csv", files={"file": ("data.csv", content)}).json()
    assert answer["validation_errors"] == []
    assert answer["data"][0]["output"] == '=HYPERLINK("http://evil")'
    assert answer["statistics"]["formula_cells"] == 2
    assert any("formulas (lines 2, 3)" in warning for warning in answer["warnings"])
