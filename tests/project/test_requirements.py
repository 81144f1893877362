"""The locked requirements: every download hashed, torch apart, in step with pyproject.toml and with one another."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.tree import ROOT

SETS = ("base", "train", "quantize", "dev")
FOREIGN_CLIENTS = ("aspara-client", "trackio-client", "gradio-client-1")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = {
    "base": PROJECT["project"]["dependencies"],
    "train": PROJECT["project"]["optional-dependencies"]["train"],
    "quantize": PROJECT["project"]["optional-dependencies"]["quantize"],
    **PROJECT["dependency-groups"],
}


def entries(name: str) -> list[str]:
    """One logical line per package: requirement, marker, hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, set[Version]]:
    """Package → pinned versions; markers may pin different ones for different Pythons."""
    found: dict[str, set[Version]] = {}
    for entry in entries(name):
        match = re.match(r"([A-Za-z0-9_.-]+)==(\S+)", entry)
        assert match, f"not pinned: {entry[:80]}"
        found.setdefault(canonicalize_name(match[1]), set()).add(Version(match[2]))
    return found


@pytest.mark.parametrize("name", [*SETS, *FOREIGN_CLIENTS])
def test_every_download_is_checked(name: str) -> None:
    assert [entry[:60] for entry in entries(name) if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", [*SETS, *FOREIGN_CLIENTS])
def test_the_platform_decides_on_torch(name: str) -> None:
    platform = re.compile(r"^(torch|triton|cuda-.*|nvidia-(?!ml-py).*)$")
    assert [package for package in pins(name) if platform.match(package)] == []


@pytest.mark.parametrize("name", [*SETS, *FOREIGN_CLIENTS])
def test_the_lock_says_nothing_of_where_it_was_written(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert re.findall(r"https?://|file:|index-url|find-links", text) == []


FITS = {
    "base": ("base",),
    "train": ("base", "train"),
    "quantize": ("base", "train", "quantize"),
    "dev": ("base", "train", "quantize", "dev"),
    **{name: (name,) for name in FOREIGN_CLIENTS},
}


@pytest.mark.parametrize(("lock", "declared"), [(lock, group) for lock, groups in FITS.items() for group in groups])
def test_the_lock_fits_what_is_declared(lock: str, declared: str) -> None:
    pinned = pins(lock)
    for text in DECLARED[declared]:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if name == "torch":
            continue
        assert name in pinned, f"{text} is not in requirements/{lock}.txt: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in pinned[name]), f"{text}: run `make lock`"


def test_the_sets_pin_the_same_versions() -> None:
    dev = pins("dev")
    for name in ("base", "train", "quantize"):
        assert {package: found for package, found in pins(name).items() if dev.get(package) != found} == {}


def test_torch_fits_what_is_declared() -> None:
    pinned = [line for line in (ROOT / "requirements/torch.txt").read_text().splitlines() if line.startswith("torch==")]
    declared = next(Requirement(text) for text in DECLARED["train"] if text.startswith("torch"))
    assert [declared.specifier.contains(line.removeprefix("torch==")) for line in pinned] == [True]
