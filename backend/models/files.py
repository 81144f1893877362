"""The files of a model on this machine: export and model card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pegbox.errors import ConflictError
from pegbox.store.tables import Model

Part = Literal["all", "adapter", "merged"]

ENDINGS = frozenset(
    {".safetensors", ".json", ".jsonl", ".txt", ".model", ".md", ".bin", ".pt", ".jinja", ".tiktoken", ".gguf", ".py"}
)
"""File types of models. Other files in a folder that a user added are private and not exported."""

MERGED = "merged"
MAX_CARD_BYTES = 1024 * 1024


def list_export(model: Model, part: Part) -> list[tuple[str, Path]]:
    """(name in the archive, path), sorted. Raises `ConflictError` when the model has no such files here."""
    folder = Path(model.location) if model.source == "local" and model.location else None
    if folder is None or not folder.is_dir():
        raise ConflictError(
            f"{model.id} has no files on this machine; only finished models and folders can be exported"
        )
    merged = Path(str(model.extra["merged_path"])) if model.extra.get("merged_path") else None
    if part == "merged" and (merged is None or not merged.is_dir()):
        raise ConflictError(f"{model.id} has no merged weights; it was trained without merge_adapter")
    if part == "adapter" and model.kind != "adapter":
        raise ConflictError(f"{model.id} is a whole model; it has no adapter")
    if part == "merged" and merged is not None:
        found = list(_files(merged, deep=True))
    else:
        # Subfolders belong to the model only in folders that a job made.
        found = [
            (name, path)
            for name, path in _files(folder, deep=model.source_job is not None)
            if part == "all" or not name.startswith(f"{MERGED}/")
        ]
    if not found:
        raise ConflictError(f"The folder of {model.id} holds no files of a model")
    top = archive_stem(model)
    return [(f"{top}/{name}", path) for name, path in found]


def archive_stem(model: Model) -> str:
    """Name of the archive and of its top folder, in ASCII."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", model.id).strip("-.") or "model"


def read_card(model: Model) -> str:
    """Markdown: the README beside the weights, else a card from the collection's record."""
    path = Path(model.location) / "README.md" if model.source == "local" and model.location else None
    if path and path.is_file() and path.stat().st_size <= MAX_CARD_BYTES:
        return path.read_text(encoding="utf-8", errors="replace")
    facts = (
        ("Id", model.id),
        ("Provider", model.provider),
        ("Base model", model.base_model),
        ("Parameters", model.parameters),
        ("Context length", model.context_length),
        ("Licence", model.license),
        ("Tags", ", ".join(model.tags)),
        ("Dataset", (model.dataset or {}).get("name")),
    )
    lines = [f"# {model.name}", "", *([model.description, ""] if model.description else [])]
    return "\n".join([*lines, *(f"- {label}: {value}" for label, value in facts if value), ""])


def _files(folder: Path, *, deep: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
        if path.suffix.lower() in ENDINGS and path.is_file():
            yield path.relative_to(folder).as_posix(), path
