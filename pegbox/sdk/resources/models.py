"""The model collection of one Pegbox: base models of the hub and of this machine, and what jobs made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, segment, text
from pegbox.sdk.download import saved_path
from pegbox.sdk.record import Record
from pegbox.sdk.records import Model

ALL = "/api/models"


class ModelCalls:
    """`client.models`."""

    @endpoint
    def search(self, query: str, *, limit: int = 10) -> Call[list[Record]]:
        """Models of the hub. Raises UnavailableError when the hub is out of reach."""
        return Call("GET", f"{ALL}/search", many(Record), params={"query": query, "limit": limit})

    @endpoint
    def get(self, model_id: str) -> Call[Model]:
        """One model by id. Raises NotFoundError."""
        return Call("GET", f"{ALL}/{segment(model_id)}", one(Model))

    @endpoint
    def exists(self, model_id: str) -> Call[bool]:
        """Whether a model is in the collection."""
        return Call("GET", f"{ALL}/check/{segment(model_id)}", lambda response: bool(response.json()["exists"]))

    @endpoint
    def add(self, /, model_id: str, **fields: Any) -> Call[Record]:
        """Adds a hub model (`owner/name`) or a folder to the collection. Raises ConflictError when it is there already."""
        return Call("POST", ALL, one(Record), body={"id": model_id, **fields})

    @endpoint
    def ask(self, model_id: str, question: str, *, max_new_tokens: int = 256) -> Call[str]:
        """What a finished model answers. Raises ConflictError when its files are not on the backend's machine."""
        body = {"question": question, "max_new_tokens": max_new_tokens}
        return Call(
            "POST", f"{ALL}/{segment(model_id)}/ask", lambda response: str(response.json()["answer"]), body=body
        )

    @endpoint
    def tag(self, model_id: str, tag: str) -> Call[Model]:
        """Adds a tag; `staging`, `production` and `archived` exclude each other, and `replaced` was in production before."""
        return Call("POST", f"{ALL}/{segment(model_id)}/tag", one(Model), body={"tag": tag})

    @endpoint
    def untag(self, model_id: str, tag: str) -> Call[Model]:
        """Takes a tag away. Raises NotFoundError for one that the model does not have."""
        return Call("POST", f"{ALL}/{segment(model_id)}/untag", one(Model), body={"tag": tag})

    @endpoint
    def card(self, model_id: str) -> Call[str]:
        """Markdown: what the model is, what it was made of, how well it did."""
        return Call("GET", f"{ALL}/{segment(model_id)}/card", text, accept="text/markdown")

    @endpoint
    def export(self, model_id: str, to: Path, *, part: Literal["all", "adapter", "merged"] = "all") -> Call[Path]:
        """Writes the model's files as a ZIP archive, to `to` or into it when it is a folder; where the archive lies."""
        path, params = f"{ALL}/{segment(model_id)}/export", {"part": part}
        return Call("GET", path, saved_path, params=params, save_to=Path(to), accept="*/*")

    @endpoint
    def uses(self, model_id: str) -> Call[Record]:
        """Jobs that train from it and models made of it."""
        return Call("GET", f"{ALL}/{segment(model_id)}/uses", one(Record))

    @endpoint
    def remove(self, model_id: str, *, force: bool = False) -> Call[None]:
        """Takes a model out of the collection. Raises ConflictError while something rests on it, unless it is `force`d."""
        return Call("DELETE", f"{ALL}/{segment(model_id)}", nothing, params={"force": "true" if force else None})

    @endpoint
    def list(self) -> Call[list[Model]]:
        """Every model of the collection."""
        return Call("GET", ALL, many(Model, "models"))


class Models(ModelCalls, Resource):
    """Of a blocking client."""


class AsyncModels(ModelCalls, AsyncResource):
    """Of an async client."""
