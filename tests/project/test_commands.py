"""The commands that documents show exist, with the options they show; and every command is shown somewhere."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main

from pegbox.cli.main import cli
from tests.project.markdown import Block, blocks, prose, shell_commands
from tests.project.tree import name_of, tracked

DOCUMENTS = tracked("*.md")
CALL = re.compile(r"(?:^|[;|&(] *|\.venv/bin/)pegbox (?P<rest>[^|;&)]*)")
INLINE = re.compile(r"`([^`\n]*pegbox [^`\n]*)`")
ROOT_COMMAND: Any = typer.main.get_command(cli)


def shown_calls() -> list[tuple[str, list[str]]]:
    """Every `pegbox …` of an example or of inline code, as words."""
    found = []
    for file in DOCUMENTS:
        for block in blocks(file):
            if block.language in ("bash", "text"):
                found += [(where(block), words) for words in calls_in(block.body)]
        for span in INLINE.findall(prose(file)):
            found += [(name_of(file), words) for words in calls_in(span)]
    return found


def where(block: Block) -> str:
    return f"{name_of(block.file)}:{block.line}"


def calls_in(text: str) -> list[list[str]]:
    return [shlex.split(match["rest"], comments=True) for line in shell_commands(text) for match in CALL.finditer(line)]


def commands_under(command: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all commands that do something."""
    children = getattr(command, "commands", None)
    if not children:
        return [path]
    return [found for name, child in children.items() for found in commands_under(child, (*path, name))]


def resolve(words: list[str]) -> tuple[Any, tuple[str, ...], list[str]]:
    """The command that the words name, its path, and the words left over."""
    command, path = ROOT_COMMAND, []
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        path.append(words[0])
        words = words[1:]
    return command, tuple(path), words


CALLS = shown_calls()


def test_documents_show_calls() -> None:
    assert len(CALLS) > 10


@pytest.mark.parametrize(("place", "words"), CALLS, ids=[f"{place} {' '.join(words)[:40]}" for place, words in CALLS])
def test_a_shown_call_is_a_call(place: str, words: list[str]) -> None:
    command, path, rest = resolve(words)
    assert path, f"{place}: no such command: pegbox {' '.join(words)}"
    assert not getattr(command, "commands", None), f"{place}: pegbox {' '.join(path)} needs a subcommand"
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    own = rest[: rest.index("--")] if "--" in rest else rest  # what follows belongs to the command that a job runs
    assert [word for word in own if word.startswith("-") and word.split("=")[0] not in options] == [], place


def test_every_command_is_shown_in_some_document() -> None:
    shown = {resolve(words)[1] for _, words in CALLS}
    assert sorted(" ".join(path) for path in commands_under(ROOT_COMMAND) if path not in shown) == []
