"""The collection: facts of the catalogue, what the hub adds, folders, and what a deletion means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.models.catalogue import entries
from pegbox.settings import Settings
from tests.stub_hub import StubHub


def test_the_catalogue_is_complete_and_consistent() -> None:
    assert 15 <= len(entries()) <= 40
    assert len({entry["id"] for entry in entries()}) == len(entries())
    for entry in entries():
        assert entry["id"].count("/") == 1
        assert entry["parameters"][-1] in "MB"
        assert entry["context_length"] >= 1024
        assert entry["license"]
        # Weights come in two bytes per parameter, GPT-2's in four; embeddings may be stored twice.
        count = float(entry["parameters"][:-1]) * {"M": 1e6, "B": 1e9}[entry["parameters"][-1]]
        assert 1.9 < entry["download_bytes"] / count < 4.5, entry["id"]


def test_the_starter_says_what_it_is(client: TestClient) -> None:
    model = client.get("/api/models/starter").json()
    assert (model["kind"], model["source"]) == ("base", "starter")
    assert "not a pre-trained model" in model["description"]


def test_ids_with_slashes_and_numbers(client: TestClient) -> None:
    by_id = client.get("/api/models/stabilityai/stablelm-3b-4e1t")
    by_code = client.get("/api/models/stabilityai%2Fstablelm-3b-4e1t")
    by_number = client.get("/api/models/1966449920")
    by_uid = client.get("/api/model-by-uid/1966449920")
    assert by_id.json() == by_code.json() == by_number.json() == by_uid.json()
    assert by_id.json()["name"] == "StableLM 3B 4E1T"
    missing = client.get("/api/model-by-uid/12")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Model UID not found: 12")


def test_array_view(client: TestClient) -> None:
    answer = client.get("/api/models?view=array")
    assert isinstance(answer.json(), list)
    assert answer.headers["x-total-count"] == str(len(answer.json()))


def test_only_the_id_is_required_and_the_hub_fills_the_rest(hub_client: TestClient) -> None:
    model = hub_client.post("/api/models", json={"id": "distilbert/distilgpt2"}).json()["model"]
    assert (model["parameters"], model["downloadSize"], model["license"]) == ("88M", "353 MB", "apache-2.0")
    assert (model["downloads"], model["category"]) == (900_000, "Text Generation")
    mine = hub_client.post("/api/models", json={"id": "acme/tiny-chat-gpt2", "name": "Mine", "license": "ours"}).json()
    assert (mine["model"]["name"], mine["model"]["license"]) == ("Mine", "ours")
    assert mine["message"] == "Successfully added 'Mine' to your collection"


def test_adding_works_while_the_hub_is_out_of_reach(client: TestClient) -> None:
    answer = client.post("/api/models", json={"id": "acme/tiny-chat-gpt2"})
    assert answer.status_code == 201
    assert answer.json()["model"]["parameters"] == ""


def test_a_search_result_can_be_added_as_it_is(hub_client: TestClient) -> None:
    found = hub_client.get("/api/models/search?query=distil").json()[0]
    assert found["inCollection"] is False
    assert hub_client.post("/api/models", json=found).status_code == 201
    assert hub_client.get("/api/models/search?query=distil").json()[0]["inCollection"] is True


def test_search_sends_the_token_and_asks_once(settings: Settings, stub_hub: StubHub) -> None:
    known = Settings(home=settings.home, hub_endpoint=stub_hub.url, hub_token="hf_secret")
    with TestClient(create_app(known), base_url="http://127.0.0.1:8000") as client:
        assert client.get("/api/models/search?query=gpt2&limit=2").status_code == 200
    assert stub_hub.tokens == ["Bearer hf_secret"]
    assert "limit=2" in stub_hub.requests[0]


def test_search_without_a_hub_is_quick_and_names_local_matches(client: TestClient) -> None:
    answer = client.get("/api/models/search?query=QWEN3-4b")
    assert answer.status_code == 503
    assert answer.json()["detail"].endswith("Matches in your collection: 'Qwen/Qwen3-4B'")
    assert answer.json()["errors"][0]["model"]["parameters"] == "4.0B"
    assert answer.elapsed.total_seconds() < 5


def test_what_answers_but_is_no_hub(hub_client: TestClient, stub_hub: StubHub) -> None:
    stub_hub.broken_status = 200
    answer = hub_client.get("/api/models/search?query=gpt")
    assert answer.status_code == 503
    assert "does not speak like a model hub" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["query=a", "limit=5", "query=ab&limit=0", "query=ab&limit=101", f"query={'a' * 201}"]
)
def test_bad_searches(client: TestClient, query: str) -> None:
    assert client.get(f"/api/models/search?{query}").status_code == 422


def test_a_folder_as_a_model(client: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    answer = client.post("/api/models", json={"id": str(folder)})
    assert (answer.status_code, answer.json()["detail"]) == (400, f"There is no folder '{folder}' on this machine")
    folder.mkdir()
    assert "config.json is missing" in client.post("/api/models", json={"id": str(folder)}).json()["detail"]
    (folder / "config.json").write_text("{")
    assert "cannot be read as JSON" in client.post("/api/models", json={"id": str(folder)}).json()["detail"]
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 512}))
    (folder / "model.safetensors").write_bytes(b"x" * 1000)
    model = client.post("/api/models", json={"id": "local/mine", "source": "local", "path": str(folder)}).json()[
        "model"
    ]
    assert (model["source"], model["location"], model["contextLength"]) == ("local", str(folder), 512)
    assert (model["size"], model["path_available"]) == (1000, True)
    assert client.post("/api/models", json={"id": "x", "source": "local", "path": "relative"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [{}, {"id": ""}, {"id": "a" * 201}, {"id": "a\nb"}, {"id": "x", "contextLength": 0}, {"id": "x", "tags": [1]}],
)
def test_bad_models(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/api/models", json=body).status_code == 422


def test_what_is_deleted_stays_deleted(settings: Settings) -> None:
    for number in range(2):
        with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
            assert client.delete("/api/models/openai-community/gpt2").status_code == (404 if number else 200)
            assert client.get("/api/models/starter").status_code == 200
