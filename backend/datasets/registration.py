"""What a client asks to register as a dataset."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Registration:
    """A request to register files under a name. `strict` refuses files that no training can use (400); otherwise they are
    registered with their errors."""

    name: str
    description: str = ""
    tags: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    new_version: bool = False
    version: str | None = None
    message: str = ""
    strict: bool = False
