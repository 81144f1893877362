"""A strict reader of Prometheus' text exposition format 0.0.4, written from its description and not from our writer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LINE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
NUMBER = re.compile(r"[+-]?(?:Inf|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|NaN")
KINDS = {"counter", "gauge", "histogram"}

Labels = frozenset[tuple[str, str]]


@dataclass
class ReadFamily:
    """`samples` by their whole name and labels."""

    kind: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        """The value of the one sample with these labels among its own."""
        wanted = set(labels.items())
        (value,) = [value for (_, own), value in self.samples.items() if wanted <= own]
        return value


def read_exposition(text: str) -> dict[str, ReadFamily]:
    """Families by name. Fails on whatever a strict scraper would refuse or misread."""
    assert text.endswith("\n"), "the last line must end"
    families: dict[str, ReadFamily] = {}
    help_for = current = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            help_for, _, words = line.removeprefix("# HELP ").partition(" ")
            assert re.fullmatch(NAME, help_for), line
            assert help_for not in families, f"told twice: {line}"
            assert words, f"no help: {line}"
        elif line.startswith("# TYPE "):
            current, kind = line.removeprefix("# TYPE ").split(" ")
            assert current == help_for, f"TYPE without its HELP: {line}"
            assert kind in KINDS, line
            families[current] = ReadFamily(kind, words)
        else:
            _read_sample(line, current, families[current])
    for name, family in families.items():
        assert family.samples, f"{name} has no samples"
        if family.kind == "counter":
            assert name.endswith("_total")
            assert all(value >= 0 for value in family.samples.values())
        if family.kind == "histogram":
            _check_histogram(name, family)
    return families


def _read_sample(line: str, family_name: str, family: ReadFamily) -> None:
    match = LINE.fullmatch(line)
    assert match, f"not a sample: {line}"
    name, inside, number = match[1], match[2] or "", match[3]
    suffixes = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
    assert name in {family_name + suffix for suffix in suffixes}, f"not of {family_name}: {line}"
    assert NUMBER.fullmatch(number), f"not a number: {line}"
    labels: list[tuple[str, str]] = []
    while inside:
        label = LABEL.match(inside)
        assert label, f"not a label: {inside} in {line}"
        unescaped = re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), label[2])
        labels.append((label[1], unescaped))
        inside = inside[label.end() :]
    assert len(dict(labels)) == len(labels), f"a label twice: {line}"
    key = (name, frozenset(labels))
    assert key not in family.samples, f"a series twice: {line}"
    family.samples[key] = float(number)


def _check_histogram(name: str, family: ReadFamily) -> None:
    buckets: dict[Labels, list[tuple[float, float]]] = {}
    for (sample, labels), value in family.samples.items():
        if sample == f"{name}_bucket":
            rest = frozenset(label for label in labels if label[0] != "le")
            buckets.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    for labels, found in buckets.items():
        bounds, counts = zip(*found, strict=True)
        assert list(bounds) == sorted(set(bounds))
        assert bounds[-1] == float("inf")
        assert list(counts) == sorted(counts), "buckets count everything up to their bound"
        assert family.samples[f"{name}_count", labels] == counts[-1]
        assert family.samples[f"{name}_sum", labels] >= 0
    counted = {labels for sample, labels in family.samples if sample == f"{name}_count"}
    assert counted == buckets.keys()
