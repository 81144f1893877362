"""The curated base models, with facts from their publishers. Seeded once; deleted entries stay deleted."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from sqlmodel import Session

from backend.identifiers import new_model_uid
from pegbox.store.database import begin_write
from pegbox.store.tables import Document, Model, now

STARTER_ID = "starter"
DOCUMENT = "catalogue"

_LIGHT_BYTES, _MIDDLE_BYTES, _HEAVY_BYTES = 3 * 10**9, 10 * 10**9, 40 * 10**9


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """The catalogue file, without the starter model."""
    return tuple(json.loads((files("backend.models") / "catalogue.json").read_text(encoding="utf-8")))


def find_entry(model_id: str) -> dict[str, Any] | None:
    return next((entry for entry in entries() if entry["id"] == model_id), None)


def starter() -> Model:
    """The offline model; a job creates its weights."""
    return Model(
        id=STARTER_ID,
        uid="1000000001",
        name="Starter",
        kind="base",
        source="starter",
        provider="Pegbox",
        category="Text Generation",
        description=(
            "A small model that is built on this machine from your dataset when a job starts: tokenizer and weights begin "
            "empty, so it learns what the CSV holds and nothing else. It is not a pre-trained model and needs no network."
        ),
        license="Apache-2.0",
        tags=["offline", "small"],
        capabilities=["question-answering"],
        recommended=True,
        performance={"speed": "Fast", "accuracy": "", "memoryUsage": "Low"},
        use_case="A first training within a minute, on any machine",
    )


def model_from_entry(entry: dict[str, Any]) -> Model:
    """The table row for a catalogue entry."""
    size = int(entry["download_bytes"])
    return Model(
        id=entry["id"],
        uid=entry.get("uid") or new_model_uid(),
        name=entry["name"],
        source="hub",
        location=entry["id"],
        provider=entry["provider"],
        category=entry["category"],
        description=entry["description"],
        parameters=entry["parameters"],
        context_length=entry["context_length"],
        license=entry["license"],
        download_size=download_text(size),
        tags=entry["tags"],
        capabilities=entry["capabilities"],
        recommended=entry["recommended"],
        performance=rough_performance(size),
        use_case=entry["use_case"],
        extra={"gated": entry["gated"]},
    )


def download_text(size_bytes: int) -> str:
    """`141.1 GB`, in decimal units as on the hub; empty for an unknown size."""
    if size_bytes <= 0:
        return ""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{round(size_bytes / 1e6)} MB"


def rough_performance(size_bytes: int) -> dict[str, str]:
    """Speed and memory, estimated from the size of the weights; accuracy is not measured and stays empty."""
    if size_bytes <= 0:
        return {"speed": "", "accuracy": "", "memoryUsage": ""}
    if size_bytes < _LIGHT_BYTES:
        return {"speed": "Fast", "accuracy": "", "memoryUsage": "Low"}
    if size_bytes < _MIDDLE_BYTES:
        return {"speed": "Moderate", "accuracy": "", "memoryUsage": "Medium"}
    memory = "High" if size_bytes < _HEAVY_BYTES else "Very High"
    return {"speed": "Slow", "accuracy": "", "memoryUsage": memory}


def seed_catalogue(db: Session) -> None:
    """Adds entries that were never seeded in this data folder."""
    begin_write(db)
    document = db.get(Document, DOCUMENT) or Document(name=DOCUMENT, body={"seeded": []})
    seeded = set(document.body["seeded"])
    wanted = [starter(), *(model_from_entry(entry) for entry in entries())]
    new = [model for model in wanted if model.id not in seeded]
    for model in new:
        if db.get(Model, model.id) is None:
            db.add(model)
    if new:
        document.body = {"seeded": sorted(seeded | {model.id for model in new})}
        document.updated_at = now()
        db.add(document)
    db.commit()
