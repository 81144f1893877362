"""Aspara's names: validation, and the mapping of project and run names to run ids."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from pegbox.errors import UnusableContentError

MAX_NAME = 200
MAX_ARTIFACT_NAME = 255
CATEGORIES = ("code", "model", "config", "data", "other")

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_ARTIFACT_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class RunPath:
    """The project and name of a run in Aspara; a name is unique within its project."""

    project: str
    name: str

    @property
    def run_id(self) -> str:
        """Our id of the run: 128 bits of SHA-256 of both names, so that no table is needed. Names cannot contain `/`."""
        return "aspara-" + hashlib.sha256(f"{self.project}/{self.name}".encode()).hexdigest()[:32]


def run_path(project_name: str, run_name: str) -> RunPath:
    """Validates the names of a path or body. Raises `UnusableContentError` for names that Aspara does not allow."""
    return RunPath(_checked(project_name, "project name"), _checked(run_name, "run name"))


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        raise UnusableContentError(
            f"Invalid {what}. Only alphanumeric characters, underscores, and hyphens are allowed."
        )
    if len(name) > MAX_NAME:
        raise UnusableContentError(f"Invalid {what}. At most {MAX_NAME} characters are allowed.")
    return name


def artifact_name(name: str) -> str:
    """Validates a plain file name. Raises `UnusableContentError`."""
    if len(name) > MAX_ARTIFACT_NAME:
        raise UnusableContentError(f"Invalid artifact name: exceeds maximum length of {MAX_ARTIFACT_NAME} characters")
    if not _ARTIFACT_NAME.fullmatch(name):
        raise UnusableContentError(
            f"Invalid artifact name: {name!r}. Names can only contain alphanumeric characters, underscores, hyphens, and dots."
        )
    if name == "." or name.startswith(".."):
        raise UnusableContentError("Invalid artifact name: cannot start with '..' or be '.'")
    return name


def artifact_category(category: str) -> str:
    """Validates a category; empty means none. Raises `UnusableContentError`."""
    if category and category not in CATEGORIES:
        raise UnusableContentError(f"Invalid category: {category[:100]}. Must be one of: {', '.join(CATEGORIES)}")
    return category
