"""Prometheus' text exposition format, version 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: a value, its labels, and the suffix of the family's name (`_bucket`, `_sum`, `_count`)."""

    value: float
    labels: Labels | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one metric. Label values must come from a bounded set: Prometheus keeps a series for each."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[Sample, ...]


def counter(name: str, help: str, value: float) -> Family:
    """A family of one value that never decreases while the process runs."""
    return Family(name, "counter", help, (Sample(value),))


def gauge(name: str, help: str, value: float) -> Family:
    """A family of one value that can increase and decrease."""
    return Family(name, "gauge", help, (Sample(value),))


def gauges(name: str, help: str, label: str, values: Mapping[str, float]) -> Family:
    """A family with one sample per value of a label."""
    return Family(name, "gauge", help, tuple(Sample(value, {label: key}) for key, value in values.items()))


def render(families: Iterable[Family]) -> str:
    """The text of a scrape. Families without samples are omitted."""
    return "".join(line for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    help_text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {help_text}\n# TYPE {family.name} {family.kind}\n"
    for sample in family.samples:
        yield f"{family.name}{sample.suffix}{_labels(sample.labels)} {number(sample.value)}\n"


def _labels(labels: Labels | None) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def number(value: float) -> str:
    """A number as Prometheus parses it: `12`, `0.25`, `+Inf`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if value == int(value) else repr(float(value))
