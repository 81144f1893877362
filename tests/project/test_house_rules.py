"""House rules as checks: size and names of files, nothing unfinished, nothing of one machine only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.project.tree import PACKAGES, name_of, tracked

LONGEST_FILE = 320
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base_utils", "tools", "shared"}

# The bracketed letters keep this file from naming what it forbids.
UNFINISHED = re.compile(r"TOD[O]|FIXM[E]|NotImplementedErro[r]|pragma: no cove[r]|mark\.ski[p]|mark\.xfai[l]")
HOSTS = re.compile(r"pyp[i]\.org|pythonhoste[d]|registry\.npmj[s]|(?:deb|security)\.debia[n]")
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+)/")

TEXTS = [file for file in tracked() if file.suffix not in {".png", ".webp", ".jpg", ".ico", ".woff2", ".svg", ".csv"}]
SOURCES = tracked(*(f"{package}/*.py" for package in PACKAGES), "frontend/src/*.ts")


def lines_matching(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{name_of(file)}:{number}: {line.strip()[:120]}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 20
    assert len(TEXTS) > len(SOURCES)


def test_no_file_has_outgrown_one_idea() -> None:
    counted = {name_of(file): len(file.read_text().splitlines()) for file in SOURCES if "migrations" not in file.parts}
    assert {name: lines for name, lines in counted.items() if lines > LONGEST_FILE} == {}


def test_every_module_is_named_for_what_it_holds() -> None:
    assert [name_of(file) for file in SOURCES if file.stem.lower() in VAGUE_NAMES] == []


def test_nothing_is_left_unfinished_or_skipped() -> None:
    assert lines_matching(UNFINISHED, tracked("*.py", "*.ts", "Makefile", "*.sh")) == []


def test_no_file_names_a_registry_host() -> None:
    assert lines_matching(HOSTS, TEXTS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_matching(MACHINE_PATHS, TEXTS) == []


def test_lock_file_of_the_dashboard_holds_no_download_addresses() -> None:
    assert '"resolved"' not in (tracked("frontend/package-lock.json")[0]).read_text()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for(package: str) -> None:
    files = [file for file in tracked(f"{package}/*.py") if "versions" not in file.parts]
    assert [name_of(file) for file in files if not ast.get_docstring(ast.parse(file.read_text()))] == []
