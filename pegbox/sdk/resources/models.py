"""The model collection: base models of the hub and of this machine, and fine-tuned models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pegbox.sdk.call import Call, quote_segment, read_nothing, read_record, read_records, read_text
from pegbox.sdk.download import saved_path
from pegbox.sdk.records import Model, Record
from pegbox.sdk.resource import AsyncResource, Resource, endpoint

ROOT = "/api/models"


class ModelCalls:
    """`client.models`."""

    @endpoint
    def search(self, query: str, *, limit: int = 10) -> Call[list[Record]]:
        """Searches the hub. Raises UnavailableError when the hub does not respond."""
        return Call("GET", f"{ROOT}/search", read_records(Record), params={"query": query, "limit": limit})

    @endpoint
    def get(self, model_id: str) -> Call[Model]:
        """One model by id. Raises NotFoundError."""
        return Call("GET", f"{ROOT}/{quote_segment(model_id)}", read_record(Model))

    @endpoint
    def exists(self, model_id: str) -> Call[bool]:
        """Whether a model is in the collection."""
        return Call("GET", f"{ROOT}/check/{quote_segment(model_id)}", lambda response: bool(response.json()["exists"]))

    @endpoint
    def add(self, /, model_id: str, **fields: Any) -> Call[Record]:
        """Adds a hub model (`owner/name`) or a folder to the collection. Raises ConflictError for a duplicate."""
        return Call("POST", ROOT, read_record(Record), body={"id": model_id, **fields})

    @endpoint
    def ask(self, model_id: str, question: str, *, max_new_tokens: int = 256) -> Call[str]:
        """Asks a fine-tuned model and returns its answer. Raises ConflictError when its files are not on the backend's machine."""
        body = {"question": question, "max_new_tokens": max_new_tokens}
        return Call(
            "POST", f"{ROOT}/{quote_segment(model_id)}/ask", lambda response: str(response.json()["answer"]), body=body
        )

    @endpoint
    def tag(self, model_id: str, tag: str) -> Call[Model]:
        """Adds a tag. `staging`, `production` and `archived` exclude each other; `replaced` is the model that lost `production`."""
        return Call("POST", f"{ROOT}/{quote_segment(model_id)}/tag", read_record(Model), body={"tag": tag})

    @endpoint
    def untag(self, model_id: str, tag: str) -> Call[Model]:
        """Removes a tag. Raises NotFoundError when the model lacks the tag."""
        return Call("POST", f"{ROOT}/{quote_segment(model_id)}/untag", read_record(Model), body={"tag": tag})

    @endpoint
    def card(self, model_id: str) -> Call[str]:
        """The model card in Markdown: origin, training data, results."""
        return Call("GET", f"{ROOT}/{quote_segment(model_id)}/card", read_text, accept="text/markdown")

    @endpoint
    def export(self, model_id: str, to: Path, *, part: Literal["all", "adapter", "merged"] = "all") -> Call[Path]:
        """Downloads the model's files as a ZIP archive to a file or into a folder. Returns the path of the archive."""
        path, params = f"{ROOT}/{quote_segment(model_id)}/export", {"part": part}
        return Call("GET", path, saved_path, params=params, save_to=Path(to), accept="*/*")

    @endpoint
    def uses(self, model_id: str) -> Call[Record]:
        """The jobs that train from a model and the models trained from it."""
        return Call("GET", f"{ROOT}/{quote_segment(model_id)}/uses", read_record(Record))

    @endpoint
    def remove(self, model_id: str, *, force: bool = False) -> Call[None]:
        """Removes a model from the collection. Raises ConflictError while something uses it, unless `force` is set."""
        return Call(
            "DELETE", f"{ROOT}/{quote_segment(model_id)}", read_nothing, params={"force": "true" if force else None}
        )

    @endpoint
    def list(self) -> Call[list[Model]]:
        """All models of the collection."""
        return Call("GET", ROOT, read_records(Model, "models"))


class Models(ModelCalls, Resource):
    """Blocking."""


class AsyncModels(ModelCalls, AsyncResource):
    """Async."""
