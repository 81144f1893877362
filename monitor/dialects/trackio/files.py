"""Trackio's calls for files: media of runs, files of projects, artifact versions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from monitor.artifacts import service, versions
from monitor.artifacts.versions import VersionDraft, VersionRow
from monitor.dialects.functions import Caller
from monitor.dialects.request_bodies import base_name
from monitor.dialects.trackio import names
from monitor.dialects.trackio.media_files import CATEGORY, media_name
from monitor.dialects.trackio.reads import SAVED_FILE
from monitor.dialects.trackio.writes import ensure_run
from monitor.dialects.uploads import UploadedFile
from pegbox.errors import UnusableContentError

MAX_ENTRIES = 10_000
MAX_UPLOADS = 1_000
MAX_PATH = 1_000
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileData(msgspec.Struct, frozen=True):
    """A reference to an uploaded file: `path` is the handle that the upload returned."""

    path: str
    orig_name: str | None = None


class MediaUpload(msgspec.Struct, frozen=True):
    project: str
    uploaded_file: FileData
    run: str | None = None
    run_id: str | None = None
    step: int | None = None
    relative_path: str | None = None


class BlobUpload(msgspec.Struct, frozen=True):
    digest: str
    uploaded_file: FileData
    project: str | None = None


class ManifestEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    digest: str
    size: int
    ref: str | None = None


def bulk_upload_media(caller: Caller, uploads: list[MediaUpload], hf_token: str | None = None) -> None:
    """Registers uploaded media as artifacts of their runs; without a run, as files of the project."""
    if len(uploads) > MAX_UPLOADS:
        raise UnusableContentError(f"uploads: at most {MAX_UPLOADS} in one call")
    files = [caller.uploads.get(upload.uploaded_file.path) for upload in uploads]
    for upload, file in zip(uploads, files, strict=True):
        name = upload.uploaded_file.orig_name or file.name
        project = names.checked_name(upload.project, "project")
        if upload.run is None:
            _save(caller, project, upload.relative_path or "", name, file)
            continue
        run = ensure_run(caller, project, names.checked_name(upload.run, "run"), upload.run_id)
        kept = service.StoredFile(file.sha256, file.size_bytes)
        service.register_artifact(
            caller.monitor.writer, run.id, media_name(upload.step, name), kept, step=upload.step, category=CATEGORY
        )


def _save(caller: Caller, project: str, folder: str, name: str, file: UploadedFile) -> None:
    path = checked_path(f"{folder.replace(chr(92), '/')}/{base_name(name)}")
    entry = {"path": path, "digest": file.sha256, "size": file.size_bytes}
    versions.log_version(caller.monitor, VersionDraft(project, f"files/{path}", SAVED_FILE, [entry]))


def checked_path(path: str) -> str:
    """Normalizes a relative path. Raises `UnusableContentError` for a path outside its folder."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    plain = "/".join(parts)
    if ".." in parts or path.startswith(("/..", "//")) or not parts or len(plain) > MAX_PATH:
        raise UnusableContentError(f"'{path[:100]}' is not a path within the project")
    if any(ord(char) < 32 or ord(char) == 127 for char in plain):
        raise UnusableContentError(f"path {path[:100]!r} holds control characters")
    return plain


def get_project_files(caller: Caller, project: str) -> list[dict[str, Any]]:
    """Returns the newest versions of the project's files, by name."""
    found: dict[str, dict[str, Any]] = {}
    for version in versions.list_versions(caller.monitor, project):
        if version.type == SAVED_FILE:
            [entry] = version.manifest
            path = f"artifact_blob/{project}/{entry['digest']}"
            found.setdefault(entry["path"], {"name": entry["path"], "path": path, "size": entry["size"]})
    return [found[name] for name in sorted(found)]


def check_artifact_blobs(
    caller: Caller, project: str, digests: list[str], hf_token: str | None = None
) -> dict[str, list[str]]:
    """Returns the digests of files that are stored already."""
    wanted = [_digest(digest) for digest in digests]
    present = service.stored_hashes(caller.monitor, wanted)
    return {"present": [digest for digest in wanted if digest in present]}


def _digest(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise UnusableContentError(f"'{digest[:80]}' is not a SHA-256 in lower-case hex")
    return digest


def bulk_upload_artifact_blob(
    caller: Caller, project: str, uploads: list[BlobUpload], hf_token: str | None = None
) -> None:
    """Verifies the hashes of uploaded files."""
    for upload in uploads:
        file = caller.uploads.get(upload.uploaded_file.path)
        if file.sha256 != _digest(upload.digest):
            raise UnusableContentError(f"The uploaded file has the hash {file.sha256}, not {upload.digest}")


def artifact_log(
    caller: Caller,
    project: str,
    name: str,
    type: str,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    manifest: list[ManifestEntry] = [],  # noqa: B006 - read only, and part of the signature that clients see
    aliases: list[str] | None = None,
    run_name: str | None = None,
    run_id: str | None = None,
    hf_token: str | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Logs the next version of an artifact; returns the newest version if the content is unchanged."""
    project = names.checked_name(project, "project")
    draft = VersionDraft(
        experiment=project,
        name=_artifact_name(name),
        type=names.checked_name(type, "type"),
        manifest=_checked_manifest(caller, manifest),
        description=None if description is None else description[:20_000].replace("\0", ""),
        details=metadata,
        aliases=[names.checked_name(alias, "alias") for alias in aliases or ()],
        run_id=ensure_run(caller, project, names.checked_name(run_name, "run"), run_id).id if run_name else None,
    )
    return _wire(versions.log_version(caller.monitor, draft))


def _artifact_name(name: str) -> str:
    checked = names.checked_name(name, "artifact name")
    if "/" in checked or "\\" in checked or ":" in checked or checked in (".", ".."):
        raise UnusableContentError(f"artifact name '{checked}' must not hold / \\ or :")
    return checked


def _checked_manifest(caller: Caller, manifest: list[ManifestEntry]) -> list[dict[str, Any]]:
    if not 1 <= len(manifest) <= MAX_ENTRIES:
        raise UnusableContentError(f"manifest: 1 to {MAX_ENTRIES} entries")
    paths = [checked_path(entry.path) for entry in manifest]
    if len(set(paths)) != len(paths):
        raise UnusableContentError("manifest: two entries have the same path")
    if any(entry.size < 0 for entry in manifest):
        raise UnusableContentError("manifest: a size is negative")
    files = [_digest(entry.digest) for entry in manifest if entry.ref is None]
    missing = sorted(set(files) - service.stored_hashes(caller.monitor, files))
    if missing:
        raise UnusableContentError(f"manifest: {len(missing)} files are not here, first {missing[0]}; upload them")
    entries = [{**msgspec.to_builtins(entry), "path": path} for entry, path in zip(manifest, paths, strict=True)]
    return sorted(entries, key=lambda entry: PurePosixPath(entry["path"]))


def _wire(version: VersionRow) -> dict[str, Any]:
    return {
        "artifact_id": version.id,
        "version_id": version.id,
        "version": version.version,
        "name": version.name,
        "type": version.type,
        "description": version.description,
        "manifest": version.manifest,
        "manifest_digest": version.manifest_digest,
        "metadata": version.details,
        "size_bytes": version.size_bytes,
        "producer_run_id": version.run_id,
        "producer_run_name": version.run_name,
        "created_at": version.created_at.isoformat(),
        "aliases": version.aliases,
    }


def get_artifact_manifest(caller: Caller, project: str, name: str, spec: str | None = None) -> dict[str, Any] | None:
    """Returns the version for an alias or `v<number>`, by default the latest; null for none."""
    version = versions.find_version(caller.monitor, project, name, spec or versions.LATEST)
    return None if version is None else _wire(version)


def get_artifacts(caller: Caller, project: str) -> list[dict[str, Any]]:
    """Returns all versions, newest first."""
    found = versions.list_versions(caller.monitor, project)
    return [_wire(version) for version in found if version.type != SAVED_FILE]


def list_artifacts(caller: Caller, project: str) -> list[dict[str, Any]]:
    """Returns the newest version of each artifact with the number of its versions."""
    found: dict[str, dict[str, Any]] = {}
    for version in get_artifacts(caller, project):
        entry = found.setdefault(version["name"], {**version, "num_versions": 0})
        entry["num_versions"] += 1
    return list(found.values())


def get_run_artifacts(
    caller: Caller, project: str, run: str | None = None, run_id: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Returns the artifacts that a run produced (`output`) and used (`input`)."""
    found = names.find_run(caller.monitor.engine, project, run, run_id)
    if found is None:
        return {"input": [], "output": []}
    every = {version["version_id"]: version for version in get_artifacts(caller, project)}
    read = [
        every[use.version_id] for use in versions.list_uses(caller.monitor, run_id=found.id) if use.version_id in every
    ]
    return {"input": read, "output": [item for item in every.values() if item["producer_run_id"] == found.id]}


def get_artifact_consumers(caller: Caller, project: str, version_id: int) -> list[dict[str, Any]]:
    """Returns the runs that used a version, oldest first."""
    return [
        {"run_id": use.run_id, "run_name": use.run_name, "created_at": use.used_at.isoformat()}
        for use in versions.list_uses(caller.monitor, version_id=version_id)
    ]


def log_artifact_use(
    caller: Caller,
    project: str,
    version_id: int,
    run_name: str | None = None,
    run_id: str | None = None,
    hf_token: str | None = None,
) -> None:
    """Records that a run used a version."""
    project = names.checked_name(project, "project")
    run = ensure_run(caller, project, names.checked_name(run_name, "run"), run_id)
    versions.log_use(caller.monitor, version_id, run.id)
