"""The files of a dataset's version. Written by the backend."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class DatasetFile(SQLModel, table=True):
    """One file in its version's order; the bytes lie at `datasets/<sha256>.<format>`, once for all versions that have them.

    `md5` is `None` until the bytes of a dataset from before there were versions are read; `encoding` and `delimiter` are a CSV's.
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
