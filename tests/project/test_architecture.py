"""docs/architecture.md names the folders of the tree, all of them and no other, and the rows of the import contract."""

from __future__ import annotations

import re
import tomllib

from tests.project.markdown import blocks
from tests.project.tree import ROOT, name_of, tracked

DOCUMENT = ROOT / "docs/architecture.md"
DRAWN = ("pegbox", "backend", "monitor")
TREE, ROWS = (
    next(block.body for block in blocks(DOCUMENT) if block.body.startswith(start)) for start in ("pegbox/", "row 1")
)


def drawn_folders() -> set[str]:
    """`backend/jobs` and the like: the words before the explanation, under the package at the margin."""
    folders: set[str] = set()
    package = ""
    for line in TREE.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0]
        for name in re.findall(r"([a-z_]+)/", names):
            if line.startswith(" "):
                folders.add(f"{package}/{name}")
            else:
                package = name
    return folders


def test_the_tree_names_every_folder() -> None:
    modules = tracked(*(f"{package}/*/*.py" for package in DRAWN))
    assert drawn_folders() == {"/".join(name_of(module).split("/")[:2]) for module in modules}


def test_the_rows_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"].startswith("The rows"))
    drawn = [set(re.findall(r"[a-z_]+", line.split(maxsplit=2)[2])) for line in ROWS.splitlines()]
    assert drawn == [set(re.findall(r"[a-z_]+", layer.replace("pegbox.", ""))) for layer in layers]
