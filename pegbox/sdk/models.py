"""The model collection of one Pegbox: base models of the hub and of this machine, and what jobs made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from pegbox.sdk.client import Client


class Models:
    """`client.models`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def search(self, query: str, *, limit: int = 10) -> list[dict[str, Any]]:
        """Models of the hub. Raises UnavailableError when the hub is out of reach."""
        found: list[dict[str, Any]] = self._client.get("/api/models/search", query=query, limit=limit)
        return found

    def list(self) -> list[dict[str, Any]]:
        """Every model of the collection."""
        models: list[dict[str, Any]] = self._client.get("/api/models")["models"]
        return models

    def get(self, model_id: str) -> dict[str, Any]:
        """One model by id. Raises NotFoundError."""
        model: dict[str, Any] = self._client.get(f"/api/models/{quote(model_id, safe='')}")
        return model

    def add(self, model_id: str, **fields: Any) -> dict[str, Any]:
        """Adds a hub model (`owner/name`) or a folder to the collection. Raises ConflictError when it is there already."""
        answer: dict[str, Any] = self._client.post("/api/models", {"id": model_id, **fields})
        return answer

    def ask(self, model_id: str, question: str, *, max_new_tokens: int = 256) -> str:
        """What a finished model answers. Raises ConflictError when its files are not on the backend's machine."""
        body = {"question": question, "max_new_tokens": max_new_tokens}
        answer: dict[str, Any] = self._client.post(f"/api/models/{quote(model_id, safe='')}/ask", body)
        return str(answer["answer"])

    def remove(self, model_id: str) -> None:
        """Takes a model out of the collection."""
        self._client.request("DELETE", f"/api/models/{quote(model_id, safe='')}")
