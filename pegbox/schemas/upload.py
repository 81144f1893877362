"""API models of resumable uploads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from pegbox.schemas.base import Instant, Label, Wire
from pegbox.schemas.dataset import Sha256

Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class UploadCreate(Wire):
    """Body of `POST /api/uploads`: announces a file. Given hashes are verified when the upload is complete."""

    name: Label = Field(description="File name; its extension determines the format.")
    size: int = Field(ge=1, le=2**53, description="Bytes.")
    sha256: Sha256 | None = None
    md5: Md5 | None = None

    @field_validator("name")
    @classmethod
    def _last_part(cls, value: str) -> str:
        name = value.replace("\\", "/").rsplit("/", 1)[-1].strip()[:255]
        if not name:
            raise ValueError("must be a file name")
        return name


class UploadView(Wire):
    """An upload. Continue sending from `offset`. `sha256` and `md5` are set when the upload is finished."""

    id: str
    name: str
    size: int
    offset: int = Field(description="Bytes received and synced to disk.")
    finished: bool
    sha256: Sha256 | None = None
    md5: Md5 | None = None
    max_piece_bytes: int = Field(description="Maximum size of one PATCH body.")
    created_at: Instant
    expires_at: Instant = Field(description="When an inactive upload is deleted, unless a dataset uses it.")
