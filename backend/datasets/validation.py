"""Checks the files of a version, and whether a training can use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.datasets.readers.formats import LABELS
from backend.datasets.readers.table import SourceFile
from backend.datasets.report import DatasetReport, read_report
from backend.datasets.versions.dvc import dvc_hash
from pegbox.errors import UnusableContentError
from pegbox.store.tables import Dataset, DatasetFile, DatasetVersion, now

MIXED = "mixed"


@dataclass(frozen=True)
class VersionContent:
    """The checked content of a version: its files and the report on them."""

    files: Sequence[DatasetFile]
    report: DatasetReport

    @property
    def sha256(self) -> str:
        """Hash of the training CSV."""
        return self.report.rendered_sha256 or self.files[0].sha256

    @property
    def hash(self) -> str:
        """The hash that DVC gives these files."""
        return dvc_hash([(file.relpath, str(file.md5)) for file in self.files])

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def format(self) -> str:
        formats = {file.format for file in self.files}
        return formats.pop() if len(formats) == 1 else MIXED

    @property
    def mapping(self) -> dict[str, str]:
        return self.report.mapping if self.report.has_required_columns else {}

    @property
    def rows(self) -> int:
        return self.report.usable_rows if self.report.has_required_columns else self.report.total_rows

    def apply(self, to: Dataset | DatasetVersion) -> None:
        """Writes the content to the row."""
        to.sha256, to.hash, to.format = self.sha256, self.hash, self.format
        to.size_bytes, to.rows = self.size_bytes, self.rows
        to.columns, to.column_mapping = self.report.columns, self.mapping
        to.errors, to.warnings = self.report.errors, self.report.warnings
        if isinstance(to, Dataset):
            to.encoding, to.delimiter = self.report.dialect.encoding, self.report.dialect.delimiter
            to.is_valid = not self.report.errors
            to.updated_at = now()
        else:
            to.files = len(self.files)


def check_files(
    sources: Sequence[SourceFile], files: Sequence[DatasetFile], mapping: Mapping[str, str], *, strict: bool
) -> VersionContent:
    """Reads the files once. Raises `UnusableContentError` for unreadable files, with `strict` also for untrainable ones."""
    report = read_report(sources, mapping)
    if strict:
        require_trainable(report)
    return VersionContent(files, report)


def require_trainable(report: DatasetReport) -> None:
    """Raises `UnusableContentError` when no training can use the files under the mapping."""
    if not report.errors:
        return
    findings = [{"loc": ["file"], "msg": message, "type": "csv"} for message in report.errors]
    label = LABELS[report.sources[0].format]
    if report.missing:
        role = report.missing[0]
        mapped = report.mapping.get(role)
        reason = (
            f"Column '{mapped}' (mapped to '{role}') is not in the file"
            if mapped and mapped != role
            else f"Missing required '{role}' column"
        )
        raise UnusableContentError(f"Failed to parse {label} file: {reason}", errors=findings)
    raise UnusableContentError(f"Failed to parse {label} file: {report.errors[0]}", errors=findings)
