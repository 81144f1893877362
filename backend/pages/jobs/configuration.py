"""The configuration of a job in groups, with the labels of the wizard."""

from __future__ import annotations

from dataclasses import dataclass

from backend.pages.frame import filters
from backend.pages.jobs.card import METHOD_WORDS
from backend.pages.new_job.fields import FIELDS, GROUPS
from pegbox.schemas.jobs.job import FinetuneView


@dataclass(frozen=True)
class ConfigurationGroup:
    """A group of (label, value) rows with a title."""

    title: str
    rows: list[tuple[str, str]]


def configuration_groups(job: FinetuneView) -> list[ConfigurationGroup]:
    """The group of the run, then the groups of hyperparameters. Full fine-tuning has no adapter group."""
    values = job.configuration.hyperparameters
    run = [
        ("Base model", job.configuration.model.uid),
        ("Dataset", job.configuration.dataset.name),
        ("Method", METHOD_WORDS[values.method] if values.method else "–"),
        ("Effective batch", f"{values.effective_batch_size} rows"),
        ("Attempt", str(job.attempt)),
        ("Run", job.run_id),
        ("Configuration", values.uid or "–"),
    ]
    groups = [ConfigurationGroup("Run", run)]
    for key, title in GROUPS.items():
        if key == "adapter" and values.method == "full":
            continue
        rows = [
            (field.label, _text(getattr(values, field.name), field.placeholder))
            for field in FIELDS
            if field.group == key
        ]
        groups.append(ConfigurationGroup(title, rows))
    return groups


def _text(value: object, none: str) -> str:
    if value is None:
        return none
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return filters.whole(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).replace("_", " ")
