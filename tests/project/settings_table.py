"""The rows that docs/settings.md must have, made from the settings themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from pegbox.settings import Settings


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a setting."""
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"PEGBOX_{name.upper()}"


def shown(value: Any) -> str:
    """A default as the table prints it."""
    if value is None or value == [] or isinstance(value, SecretStr):
        return "–"
    if isinstance(value, Path):
        return f"`{value}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def rows() -> list[str]:
    """One Markdown row per setting: variable, default, description."""
    return [
        f"| `{variable(name, field)}` | {shown(field.get_default(call_default_factory=True))} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
