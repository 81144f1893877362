"""Compares runs: settings, final metrics, answers to the same prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pegbox.schemas.experiment import Direction

LOWER_IS_BETTER = ("loss", "error", "perplexity", "seconds")
HIGHER_IS_BETTER = ("accuracy", "score", "f1", "bleu", "rouge", "exact_match", "per_second")
ABSENT = "–"


@dataclass(frozen=True)
class Difference:
    """A setting: its value in each run as text, and whether the values differ."""

    label: str
    values: list[str]
    differs: bool


@dataclass(frozen=True)
class MetricRow:
    """A metric's last value in each run; `best` is the index of the best run, `None` if undefined."""

    name: str
    values: list[float | None]
    best: int | None

    def delta(self, index: int) -> float | None:
        """Difference to the first run."""
        first, value = self.values[0], self.values[index]
        return None if index == 0 or first is None or value is None else value - first


@dataclass(frozen=True)
class AnswerRow:
    """A prompt, the expected answer, and the answer of each run (`None` if not asked)."""

    prompt: str
    expected: str
    answers: list[str | None]


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as `outer.inner`, values as text."""
    rows: dict[str, str] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows |= flatten(value, f"{name}.")
        else:
            rows[name] = _text(value)
    return rows


def _text(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def compare_settings(configs: Sequence[Mapping[str, str]]) -> list[Difference]:
    """All settings in order of first occurrence."""
    names = dict.fromkeys(name for config in configs for name in config)
    rows = []
    for name in names:
        values = [config.get(name, ABSENT) for config in configs]
        rows.append(Difference(name, values, len(set(values)) > 1))
    return rows


def compare_metrics(summaries: Sequence[Mapping[str, Any]]) -> list[MetricRow]:
    """Metrics with a number in at least one run, by name."""
    names = sorted({name for summary in summaries for name in summary})
    rows = []
    for name in names:
        values = [_number(summary.get(name)) for summary in summaries]
        if any(value is not None for value in values):
            rows.append(MetricRow(name, values, _best(name, values)))
    return rows


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value == value else None


def direction_of(metric: str) -> Direction | None:
    """Whether to minimize or maximize the metric, by its name; `None` if the name does not tell."""
    lowered = metric.lower()
    if any(word in lowered for word in HIGHER_IS_BETTER):
        return "maximize"
    if any(word in lowered for word in LOWER_IS_BETTER):
        return "minimize"
    return None


def _best(name: str, values: Sequence[float | None]) -> int | None:
    known = [(value, index) for index, value in enumerate(values) if value is not None]
    direction = direction_of(name)
    if direction is None or len({value for value, _ in known}) < 2:
        return None
    return max(known, key=lambda item: (item[0], -item[1]))[1] if direction == "maximize" else min(known)[1]


def compare_answers(sets: Sequence[Sequence[Mapping[str, str]]], limit: int) -> list[AnswerRow]:
    """Prompts that at least two runs answered, in order of first occurrence; all prompts of a single run."""
    by_prompt = [{row["prompt"]: row for row in rows} for rows in sets]
    prompts = dict.fromkeys(row["prompt"] for rows in sets for row in rows)
    enough = min(2, len([rows for rows in sets if rows]))
    shown = []
    for prompt in prompts:
        rows = [known.get(prompt) for known in by_prompt]
        found = [row for row in rows if row]
        if len(found) >= enough:
            answers = [row["answer"] if row else None for row in rows]
            shown.append(AnswerRow(prompt, found[0].get("expected", ""), answers))
    return shown[:limit]
