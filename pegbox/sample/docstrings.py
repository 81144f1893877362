"""Writes `python_docstrings.csv`: ten questions each about 116 functions and methods of Python.

Usage: `python -m pegbox.sample.docstrings [FILE]`. The answers are the first sentences of docstrings and differ between versions
of Python; the file in the repository was written with Python 3.11.
"""

from __future__ import annotations

import builtins
import csv
import inspect
import itertools
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pegbox.sample import SAMPLE_CSV

QUESTIONS = (
    "What does {} do?",
    "Explain {}.",
    "{}: what is it for?",
    "Tell me about {}.",
    "How would you describe {}?",
    "Describe {} in one sentence.",
    "I forgot what {} does.",
    "Python's {} - what does it do?",
    "Remind me of {}.",
    "Summarise {}.",
)
SHUFFLE_SEED = 3
METHOD_OWNERS = (str, list, dict)
ITERATOR_TYPES = (enumerate, filter, map, reversed)
"""Types that are called like functions."""

_SIGNATURE = re.compile(r"^(?:async )?[\w.]+\(.*?\)(?:\s*-+>\s*(?P<result>.*))?$")


def first_sentence(docstring: str) -> str:
    """The first sentence of a docstring, without leading call signatures."""
    lines = inspect.cleandoc(docstring).splitlines()
    while lines and (signature := _SIGNATURE.match(lines[0])):
        result = re.sub(r"^(None\.|v,)\s*", "", signature["result"] or "")
        is_prose = len(result.split()) > 3
        lines = [result, *lines[1:]] if is_prose else lines[1:]
        while lines and not lines[0].strip():
            lines.pop(0)
        if is_prose:
            break
    paragraph = " ".join(itertools.takewhile(str.strip, lines))
    text = re.sub(r"\s+", " ", paragraph).strip()
    ending = re.search(r"\.(?=\s|$)", text.replace("i.e.", "i_e_"))
    sentence = text[: ending.start()] if ending else text
    return sentence[:1].upper() + sentence[1:] + "."


def first_sentences() -> Iterator[tuple[str, str]]:
    """Yields the name of each function or method with the first sentence of its docstring."""
    for owner in METHOD_OWNERS:
        for name in sorted(vars(owner)):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", first_sentence(getattr(owner, name).__doc__)
    for name, function in sorted(vars(builtins).items()):
        # Excludes `help`, `exit` and others that `site` adds and that are not part of the language.
        if inspect.isbuiltin(function) and not name.startswith("_"):
            yield name, first_sentence(function.__doc__ or "")
    for iterator in ITERATOR_TYPES:
        yield iterator.__name__, first_sentence(iterator.__doc__ or "")


def rows() -> list[tuple[str, str]]:
    """Pairs of question and answer in a fixed order; 1,160 with Python 3.11."""
    pairs = [(question.format(name), answer) for name, answer in first_sentences() for question in QUESTIONS]
    random.Random(SHUFFLE_SEED).shuffle(pairs)  # noqa: S311 - reproducible, not secret
    return pairs


def write(path: Path) -> int:
    """Writes the CSV and returns its number of rows."""
    content = rows()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["input", "output"])
        writer.writerows(content)
    return len(content)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE_CSV
    sys.stdout.write(f"{write(target)} rows in {target}\n")
