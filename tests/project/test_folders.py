"""The shape of the tree: short folders, no import circles, contracts that name every feature."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.project.tree import PACKAGES, ROOT, name_of, tracked

MOST_MODULES = 20
LISTS_BY_NATURE = {"pegbox/store/tables", "pegbox/store/migrations/versions"}
"""One file per table and per migration."""

CONTRACTS = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
MODULES = {
    name_of(file).removesuffix(".py").removesuffix("/__init__").replace("/", "."): file
    for file in tracked(*(f"{package}/*.py" for package in PACKAGES))
}


def test_no_folder_has_become_a_list() -> None:
    sources = tracked(*(f"{package}/*.py" for package in PACKAGES), "frontend/src/*.ts", "frontend/src/*.css")
    counted = Counter(name_of(file.parent) for file in sources if file.name != "__init__.py")
    crowded = {folder: count for folder, count in counted.items() if count > MOST_MODULES}
    assert {folder: count for folder, count in crowded.items() if folder not in LISTS_BY_NATURE} == {}


def imports_of(file: Path) -> set[str]:
    """Modules of this project that a file imports anywhere, for type checkers included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                full if (full := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            )
    return found & MODULES.keys()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: imports_of(file) - {module} for module, file in MODULES.items()}
    assert len(graph) > 400
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' → '.join(error.args[1])}")


def rooms(package: str) -> set[str]:
    """Everything directly in a package: its folders and its modules."""
    return {module for module in MODULES if module.startswith(f"{package}.") and module.count(".") == 1}


def folders(package: str) -> set[str]:
    return {room for room in rooms(package) if (ROOT / room.replace(".", "/")).is_dir()}


def test_the_contract_of_features_names_every_feature() -> None:
    layered = {
        module.rpartition(".")[0] for module in MODULES if module.endswith((".routes", ".service", ".repository"))
    }
    features = {module for module in layered if module.count(".") == 1} - {"backend.pages"}
    contract = CONTRACTS["Within each feature: routes over service over repository"]
    assert {feature for feature in features if feature.startswith(("backend.", "monitor."))} <= set(
        contract["containers"]
    )
    assert set(contract["containers"]) <= MODULES.keys()


def test_the_contract_of_the_dashboard_names_everything_but_the_pages() -> None:
    contract = CONTRACTS["Only the pages know the dashboard"]
    assert set(contract["source_modules"]) == folders("backend") - {"backend.pages"} | {"monitor"}


def test_the_contract_of_the_dialects_names_everything_but_the_app() -> None:
    contract = CONTRACTS["Only the monitor's app knows the dialects"]
    assert set(contract["source_modules"]) == rooms("monitor") - {"monitor.app", "monitor.dialects"}
