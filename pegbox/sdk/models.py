"""The model collection of one Pegbox: base models of the hub and of this machine, and what jobs made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pegbox.sdk.download import write_body

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

    def tag(self, model_id: str, tag: str) -> dict[str, Any]:
        """Adds a tag; `staging`, `production` and `archived` exclude each other, and `replaced` was in production before."""
        model: dict[str, Any] = self._client.post(f"{_path(model_id)}/tag", {"tag": tag})
        return model

    def untag(self, model_id: str, tag: str) -> dict[str, Any]:
        """Takes a tag away. Raises NotFoundError for one that the model does not have."""
        model: dict[str, Any] = self._client.post(f"{_path(model_id)}/untag", {"tag": tag})
        return model

    def card(self, model_id: str) -> str:
        """Markdown: what the model is, what it was made of, how well it did."""
        return self._client.request("GET", f"{_path(model_id)}/card").text

    def export(self, model_id: str, target: Path, *, part: Literal["all", "adapter", "merged"] = "all") -> Path:
        """Writes the model's files as a ZIP archive, to `target` or into it; where the archive lies."""
        with self._client.stream("GET", f"{_path(model_id)}/export", params={"part": part}) as response:
            return write_body(response, target)

    def uses(self, model_id: str) -> dict[str, Any]:
        """Jobs that train from it and models made of it."""
        found: dict[str, Any] = self._client.get(f"{_path(model_id)}/uses")
        return found

    def remove(self, model_id: str, *, force: bool = False) -> None:
        """Takes a model out of the collection. Raises ConflictError while something rests on it, unless it is `force`d."""
        self._client.request("DELETE", _path(model_id), params={"force": "true"} if force else None)


def _path(model_id: str) -> str:
    return f"/api/models/{quote(model_id, safe='')}"
