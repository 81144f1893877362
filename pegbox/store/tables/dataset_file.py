"""A file of a dataset version. Written by the backend."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class DatasetFile(SQLModel, table=True):
    """`position` orders the files of a version. The bytes are at `datasets/<sha256>.<format>`, shared by all versions.

    `md5` is None for datasets older than versions, until their files are read; `encoding` and `delimiter` are set for CSV only.
    """

    __tablename__ = "dataset_file"

    version_id: int = Field(primary_key=True, foreign_key="dataset_version.id", ondelete="CASCADE")
    position: int = Field(primary_key=True)
    relpath: str
    sha256: str = Field(index=True)
    md5: str | None = None
    size_bytes: int = Field(sa_type=BigInteger)
    format: str = "csv"
    encoding: str | None = None
    delimiter: str | None = None
