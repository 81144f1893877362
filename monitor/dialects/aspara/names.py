"""Aspara's names: which are allowed, and the run that a project and a run's name stand for."""

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
    """Where Aspara's clients find a run; a name is unique within its project."""

    project: str
    name: str

    @property
    def run_id(self) -> str:
        """Our id of the run. It follows from the names, so it outlives everything and needs no table: neither name can hold a `/`,
        and two places share 128 bits of SHA-256 only by chance.
        """
        return "aspara-" + hashlib.sha256(f"{self.project}/{self.name}".encode()).hexdigest()[:32]


def run_path(project_name: str, run_name: str) -> RunPath:
    """From a path or a body. Raises `UnusableContentError` for a name that Aspara does not allow, or a very long one."""
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
    """Raises `UnusableContentError` for what could be anything but a plain file name."""
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
    """Empty stands for none. Raises `UnusableContentError` for one that Aspara does not know."""
    if category and category not in CATEGORIES:
        raise UnusableContentError(f"Invalid category: {category[:100]}. Must be one of: {', '.join(CATEGORIES)}")
    return category
