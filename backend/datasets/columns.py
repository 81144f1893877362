"""The columns a dataset needs, and the mapping from them to the columns of its files."""

from __future__ import annotations

from collections.abc import Mapping

from pegbox.store.tables import Dataset

REQUIRED_COLUMNS = ("input", "output")

COLUMN_GUESSES = {
    "input": ("input", "prompt", "question", "instruction", "query", "request", "text", "source"),
    "output": ("output", "completion", "answer", "response", "reply", "target", "label"),
}


def resolve_mapping(columns: list[str], mapping: Mapping[str, str] | None) -> dict[str, str]:
    """The file's column for each required column: the mapped one, else the column of that name if it exists."""
    chosen = {role: name.strip() for role, name in (mapping or {}).items() if role in REQUIRED_COLUMNS and name.strip()}
    return {
        role: chosen.get(role, role) for role in REQUIRED_COLUMNS if chosen.get(role, role) in columns or role in chosen
    }


def guess_mapping(columns: list[str]) -> dict[str, str]:
    """A likely mapping by column names; empty unless both roles match different columns."""
    by_lower = {name.lower(): name for name in reversed(columns)}
    guessed = {
        role: next((by_lower[word] for word in words if word in by_lower), None)
        for role, words in COLUMN_GUESSES.items()
    }
    source, target = guessed["input"], guessed["output"]
    return {"input": source, "output": target} if source and target and source != target else {}


def full_mapping(dataset: Dataset) -> dict[str, str]:
    """The column for each required column, whether or not the dataset has it."""
    return {**{role: role for role in REQUIRED_COLUMNS}, **dataset.column_mapping}
