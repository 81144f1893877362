"""Tags and stages, export, card, and what a removal is held up by."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.conftest import Hand

Json = dict[str, Any]


@pytest.fixture
def made(client: TestClient, create_job: Callable[..., Json], hand: Hand, tmp_path: Path) -> Callable[..., Json]:
    """Finishes a job and gives the model that it made, its folder filled."""

    def make(name: str = "Support bot", **more: Any) -> Json:
        create_job(name=name, **more)
        claim = hand.claim()
        assert claim is not None
        folder = tmp_path / claim["job"]["model_id"]
        (folder / "merged").mkdir(parents=True)
        for path in ("model.safetensors", "config.json", "merged/model.safetensors"):
            (folder / path).write_bytes(path.encode() * 1000)
        (folder / "README.md").write_text("# The card\n\nBy the trainer.\n")
        (folder / "secrets.env").write_text("not a model's")
        result = {"model_path": str(folder), "steps": 3, "metrics": {"eval_loss": 0.41}, "size_bytes": 16_000}
        if more.get("hyperparameters", {}).get("method") == "lora":
            result["merged_path"] = str(folder / "merged")
        assert hand.report("completed", result=result).status_code == 200
        model: Json = client.get(f"/api/models/{claim['job']['model_id']}").json()
        return model

    return make


def tags(client: TestClient, model: Json) -> list[str]:
    return list(client.get(f"/api/models/{model['id']}").json()["tags"])


def test_the_seed_tags_a_model(client: TestClient, made: Callable[..., Json]) -> None:
    model = made()
    answer = client.post(f"/api/models/{model['id']}/tag", json={"tag": "production"})
    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in ("success", "id", "tags", "replaced", "stage")} == {
        "success": True,
        "id": model["id"],
        "tags": ["production"],
        "replaced": None,
        "stage": "production",
    }
    detail = client.get(f"/api/models/{model['id']}").json()
    assert (detail["framework"], detail["size"], detail["path_available"]) == ("transformers", 16_000, True)
    assert detail["dataset"]["version"] == "v1.0.0"
    assert detail["metrics"]["eval_loss"] == 0.41


def test_stages_exclude_each_other_and_tags_do_not(client: TestClient, made: Callable[..., Json]) -> None:
    model = made()
    for tag in ("german", "staging", "Production", "german", "archived"):
        client.post(f"/api/models/{model['id']}/tag", json={"tag": tag})
    assert tags(client, model) == ["german", "archived"]
    answer = client.post(f"/api/models/{model['id']}/untag", json={"tag": "archived"})
    assert (answer.json()["tags"], answer.json()["stage"]) == (["german"], None)
    assert client.post(f"/api/models/{model['id']}/untag", json={"tag": "archived"}).status_code == 404


def test_one_model_of_a_name_is_in_production(client: TestClient, made: Callable[..., Json]) -> None:
    first, second, other = made(), made(), made("Another")
    for model, replaced in ((first, None), (other, None), (second, first["id"]), (second, None)):
        answer = client.post(f"/api/models/{model['id']}/tag", json={"tag": "production"})
        assert answer.json()["replaced"] == replaced
    assert [tags(client, model) for model in (first, second, other)] == [[], ["production"], ["production"]]


def test_bad_tags(client: TestClient) -> None:
    for body in ({}, {"tag": ""}, {"tag": "x" * 101}, {"tag": "a\nb"}, {"tag": ["a"]}):
        assert client.post("/api/models/starter/tag", json=body).status_code == 422
    assert client.post("/api/models/nobody/nothing/tag", json={"tag": "x"}).status_code == 404


def test_export_brings_what_belongs_to_the_model(client: TestClient, made: Callable[..., Json]) -> None:
    model = made(hyperparameters={"method": "lora"})
    assert (model["kind"], model["merged_available"]) == ("adapter", True)
    names = {}
    for part in ("all", "adapter", "merged"):
        answer = client.get(f"/api/models/{model['id']}/export?part={part}")
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            names[part] = {name.partition("/")[2] for name in archive.namelist()}
            assert {name.partition("/")[0] for name in archive.namelist()} == {model["id"]}
    assert names["all"] == {"README.md", "config.json", "model.safetensors", "merged/model.safetensors"}
    assert names["adapter"] == {"README.md", "config.json", "model.safetensors"}
    assert names["merged"] == {"model.safetensors"}


def test_what_cannot_be_exported(client: TestClient, made: Callable[..., Json], tmp_path: Path) -> None:
    whole = made()
    assert client.get("/api/models/starter/export").status_code == 409
    assert client.get(f"/api/models/{whole['id']}/export?part=adapter").status_code == 409
    assert client.get(f"/api/models/{whole['id']}/export?part=merged").status_code == 409
    assert client.get(f"/api/models/{whole['id']}/export?part=../x").status_code == 422
    folder = tmp_path / "added"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "deep" / "private.json").write_text("{}")
    (folder / "id_ed25519").write_text("private")
    client.post("/api/models", json={"id": str(folder)})
    content = client.get(f"/api/models/{str(folder).replace('/', '%2F')}/export").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [name.rpartition("/")[2] for name in archive.namelist()] == ["config.json"]


def test_cards(client: TestClient, made: Callable[..., Json]) -> None:
    model = made()
    answer = client.get(f"/api/models/{model['id']}/card")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# The card")
    assert client.get("/api/models/starter/card").text.startswith("# Starter\n")
    assert client.get("/api/models/nothing/card").status_code == 404


def test_a_model_that_something_rests_on(
    client: TestClient, made: Callable[..., Json], create_job: Callable[..., Json], dataset: Json
) -> None:
    model = made()
    reference = {"model": {"uid": model["id"]}, "dataset": {"uid": dataset["uid"]}, "hyperparameters": {}}
    job = create_job(name="further", configuration=reference)
    used = client.get(f"/api/models/{model['id']}/uses").json()
    assert ([item["id"] for item in used["jobs"]], used["held"]) == ([job["uid"]], True)
    client.post(f"/api/models/{model['id']}/tag", json={"tag": "production"})
    refused = client.delete(f"/api/models/{model['id']}")
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"Model '{model['id']}' is in production and is used by 1 unfinished job; remove it nevertheless with force=true"
    )
    assert json.dumps(refused.json()["errors"]).count("further") == 1
    assert client.delete(f"/api/models/{model['id']}?force=true").status_code == 200
    assert client.get(f"/api/models/{model['id']}").status_code == 404


@pytest.mark.parametrize("key", ["openai-community/gpt2", "openai-community%2Fgpt2", "uid"])
def test_a_model_is_tagged_by_whichever_name(client: TestClient, key: str) -> None:
    """Ids of the hub have a slash in them, sent as it is or encoded; the short number does as well."""
    model = client.get("/api/models/openai-community/gpt2").json()
    answer = client.post(f"/api/models/{model['uid'] if key == 'uid' else key}/tag", json={"tag": "tried"})
    assert answer.status_code == 200
    tagged = answer.json()
    assert (tagged.pop("success"), tagged.pop("replaced")) == (True, None)
    assert tagged == {**model, "tags": [*model["tags"], "tried"]}


def test_one_collection_for_base_models_and_what_jobs_made(client: TestClient, made: Callable[..., Json]) -> None:
    model = made()
    models = {known["id"]: known for known in client.get("/api/models").json()["models"]}
    base = models["openai-community/gpt2"]
    assert models[model["id"]].keys() == base.keys()
    assert (base["kind"], base["source_job"], base["size"]) == ("base", None, 0)
    assert re.fullmatch(r"\d.* [MG]B", base["downloadSize"])
    assert re.fullmatch(r"model-[0-9a-z]{6,8}", model["id"])
    (job,) = client.get("/api/jobs").json()["jobs"]
    assert (model["kind"], model["source_job"], model["size"]) == ("finetuned", job["uid"], 16_000)
    assert (base["framework"], model["framework"]) == ("transformers", "transformers")
