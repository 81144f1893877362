"""Documents cannot rot: links lead somewhere, examples compile, settings, variables and make targets are the real ones."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from pegbox.settings import Settings
from tests.project.markdown import Block, anchors, blocks, links
from tests.project.settings_table import rows, variable
from tests.project.tree import PACKAGES, ROOT, name_of, tracked

DOCUMENTS = tracked("*.md")
EXAMPLES = [block for file in DOCUMENTS for block in blocks(file)]
SETTINGS_PAGE = ROOT / "docs/settings.md"
VARIABLE = re.compile(r"\bPEGBOX_[A-Z][A-Z_]*[A-Z]\b")


def named(block: Block) -> str:
    return f"{name_of(block.file)}:{block.line}"


def examples(*languages: str) -> list[object]:
    return [pytest.param(block, id=named(block)) for block in EXAMPLES if block.language in languages]


def test_there_are_documents() -> None:
    wanted = {"README.md", "WORKFLOW.md", "PRODUCTION.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/settings.md"}
    assert wanted <= {name_of(file) for file in DOCUMENTS}


def test_links_lead_somewhere() -> None:
    dead = []
    for file in DOCUMENTS:
        for target in links(file):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            goal = (file.parent / path).resolve() if path else file
            if not goal.exists() or (fragment and fragment not in anchors(goal)):
                dead.append(f"{name_of(file)}: {target}")
    assert dead == []


@pytest.mark.parametrize("block", examples("python"))
def test_python_examples_compile(block: Block) -> None:
    compile(block.body, named(block), "exec")


@pytest.mark.parametrize("block", examples("bash"))
def test_shell_examples_parse(block: Block) -> None:
    answer = subprocess.run(["bash", "-n"], input=block.body, text=True, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("block", examples("json"))
def test_json_examples_parse(block: Block) -> None:
    json.loads(block.body)


def test_every_fenced_block_says_its_language() -> None:
    assert [named(block) for block in EXAMPLES if not block.language] == []


def test_every_setting_has_its_row() -> None:
    text = SETTINGS_PAGE.read_text()
    missing = [row for row in rows() if row not in text]
    assert missing == [], "docs/settings.md needs these rows:\n" + "\n".join(missing)


def test_no_row_outlives_its_setting() -> None:
    services = SETTINGS_PAGE.read_text().split("\n## ")[1]
    shown = set(re.findall(r"^\| `(\w+)` \|", services, re.MULTILINE))
    assert shown == {variable(name, field) for name, field in Settings.model_fields.items()}


def test_documents_and_deployment_files_name_only_variables_that_exist() -> None:
    sources = tracked(*(f"{package}/*.py" for package in PACKAGES), "hatch_build.py")
    read_by_code = set(VARIABLE.findall("\n".join(file.read_text() for file in sources)))
    known = read_by_code | {variable(name, field) for name, field in Settings.model_fields.items()}
    files = [*DOCUMENTS, *tracked("Dockerfile", "docker-compose*.yml", "Makefile", ".ci/run")]
    unknown = {
        (name_of(file), name) for file in files for name in VARIABLE.findall(file.read_text()) if name not in known
    }
    assert unknown == set()


def test_every_variable_that_the_code_reads_is_documented() -> None:
    sources = tracked("pegbox/*.py", "backend/*.py", "monitor/*.py", "frontend/*.py", "hatch_build.py")
    quoted = re.compile(r"[\"'](PEGBOX_[A-Z_]+|HF_[A-Z_]+)[\"']")
    read = {name for file in sources for name in quoted.findall(file.read_text())}
    assert sorted(name for name in read if f"`{name}`" not in SETTINGS_PAGE.read_text()) == []


def test_documents_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    unknown = {
        (name_of(file), target)
        for file in DOCUMENTS
        for target in re.findall(r"(?:`|^ *)make ([a-z-]+)", file.read_text(), re.MULTILINE)
        if target not in targets
    }
    assert unknown == set()


def test_make_lists_every_public_target() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony
    help_text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [target for target in phony[1].split() if f"make {target} " not in help_text] == []


def test_the_tree_in_the_readme_is_the_tree() -> None:
    text = (ROOT / "README.md").read_text()
    tree = next(
        block.body for block in blocks(ROOT / "README.md") if block.language == "text" and "pegbox/" in block.body
    )
    named_paths = re.findall(r"^([\w./-]+)/ ", tree, re.MULTILINE)
    assert len(named_paths) >= 8, text[:0]
    assert [path for path in named_paths if not (ROOT / path).is_dir()] == []
    top = {name_of(file).split("/")[0] for file in tracked() if "/" in name_of(file)}
    assert {folder for folder in top if not folder.startswith(".")} <= {path.split("/")[0] for path in named_paths}
