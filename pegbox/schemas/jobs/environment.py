"""Environment variables of a job: which names and values there may be, and whose values are nobody's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

MASK = "********"
MOST_VARIABLES = 100

_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE|AUTH|(?:^|_)(?:KEY|PWD)$", re.IGNORECASE
)


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL characters")
    return value


EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
EnvironmentValue = Annotated[str, StringConstraints(max_length=32_000), AfterValidator(_no_nul)]
Environment = Annotated[dict[EnvironmentName, EnvironmentValue], Field(max_length=MOST_VARIABLES)]
"""Up to 100 variables."""


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name looks like a secret (`HF_TOKEN`, `DB_PASSWORD`, `AWS_SECRET_ACCESS_KEY`)."""
    return _SECRET.search(name) is not None


def masked(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables as they may be shown: values of secret-looking names are hidden."""
    return {name: MASK if is_secret_name(name) and value else value for name, value in environment.items()}
