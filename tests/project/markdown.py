"""Markdown as the checks read it: fenced blocks, links, headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block; `line` is that of its opening fence."""

    file: Path
    line: int
    language: str
    body: str


def blocks(file: Path) -> list[Block]:
    """Every fenced block of a document."""
    text = file.read_text()
    return [
        Block(file, text.count("\n", 0, match.start()) + 1, match["language"], _dedent(match["body"], match["indent"]))
        for match in FENCE.finditer(text)
    ]


def _dedent(body: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))


def prose(file: Path) -> str:
    """The document without its fenced blocks."""
    return FENCE.sub("", file.read_text())


def links(file: Path) -> list[str]:
    """Targets of all links and images."""
    return [match["target"] or match["image"] for match in LINK.finditer(prose(file))]


def anchors(file: Path) -> set[str]:
    """The `#fragments` that the document's headings make."""
    titles = re.findall(r"^#+ +(.+?) *$", prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def shell_commands(body: str) -> list[str]:
    """The logical lines of a shell example, continuation lines joined, comments left out."""
    joined = body.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
