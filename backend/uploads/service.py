"""Operations on resumable uploads: begin, continue, finish, use, delete, expire."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from backend.body_limit import MAX_BODY_BYTES
from backend.uploads import repository
from backend.uploads.piece_writer import PieceWriter
from pegbox.errors import ConflictError, NotFoundError, PayloadTooLargeError, UnavailableError, UnusableContentError
from pegbox.schemas.upload import UploadCreate, UploadView
from pegbox.settings import Settings
from pegbox.store.database import begin_write, open_session
from pegbox.store.tables import Upload, now

KEPT = timedelta(days=1)
MAX_UPLOADS = 500
SPARE_BYTES = 256 * 1024 * 1024
"""Disk space reserved for the database and the logs."""

READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class UploadedFile:
    """A complete file that a client sent, in one form or in pieces: its temporary path, name, size and hashes."""

    path: Path
    name: str
    size_bytes: int
    sha256: str
    md5: str


def begin_upload(db: Session, settings: Settings, body: UploadCreate) -> Upload:
    """Creates an upload. Raises `PayloadTooLargeError`, `UnavailableError` for a full disk, `ConflictError` for too many."""
    if body.size > settings.max_upload_bytes:
        raise PayloadTooLargeError(f"File size exceeds maximum allowed size of {settings.max_upload_bytes} bytes")
    folder = settings.uploads_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if body.size + SPARE_BYTES > free:
        raise UnavailableError(f"The disk has {free} bytes left, too few for a file of {body.size}")
    begin_write(db)
    if repository.count_uploads(db) >= MAX_UPLOADS:
        raise ConflictError(f"{MAX_UPLOADS} uploads are unfinished or unused; delete some, or wait a day")
    upload = Upload(
        id=f"upload-{secrets.token_hex(12)}",
        name=body.name,
        size_bytes=body.size,
        wanted_sha256=body.sha256,
        wanted_md5=body.md5,
    )
    _path(settings, upload.id).touch(exist_ok=False)
    _sync_folder(folder)
    db.add(upload)
    db.commit()
    return upload


def get_upload(db: Session, upload_id: str) -> Upload:
    """Raises `NotFoundError`."""
    found = repository.find_upload(db, upload_id)
    if found is None:
        raise NotFoundError("Upload not found: it was used, deleted, or a day old")
    return found


def open_piece(engine: Engine, settings: Settings, upload_id: str, offset: int) -> PieceWriter:
    """A writer at the offset. Raises `ConflictError` for another offset than expected, or while another request is writing."""
    with open_session(engine) as db:
        upload = get_upload(db, upload_id)
        piece = _open(engine, settings, upload)
        try:
            db.refresh(upload)  # the offset that the previous piece acknowledged
            if offset != upload.received_bytes:
                raise ConflictError(f"The upload has {upload.received_bytes} bytes; continue there, not at {offset}")
            piece.seek(offset)
        except BaseException:
            piece.close()
            raise
        return piece


def finish_upload(db: Session, settings: Settings, upload_id: str) -> Upload:
    """Computes the hashes. Raises `ConflictError` while bytes are missing, `UnusableContentError` for unexpected hashes."""
    upload = get_upload(db, upload_id)
    if upload.sha256:
        return upload
    if upload.received_bytes != upload.size_bytes:
        raise ConflictError(f"{upload.size_bytes - upload.received_bytes} bytes are missing yet")
    db.rollback()  # releases the connection while gigabytes are read
    sha256, md5 = _hashes(_path(settings, upload_id))
    for wanted, found, name in ((upload.wanted_sha256, sha256, "SHA-256"), (upload.wanted_md5, md5, "MD5")):
        if wanted and wanted != found:
            raise UnusableContentError(f"The {name} of what arrived is {found}, not {wanted}; upload the file again")
    begin_write(db)
    upload = get_upload(db, upload_id)
    upload.sha256, upload.md5, upload.updated_at = sha256, md5, now()
    db.add(upload)
    db.commit()
    return upload


def get_uploaded_file(engine: Engine, settings: Settings, upload_id: str) -> UploadedFile:
    """The file of an upload, which is finished first if necessary. It stays until `delete_upload`."""
    with open_session(engine) as db:
        upload = finish_upload(db, settings, upload_id)
        path = _path(settings, upload_id)
        return UploadedFile(path, upload.name, upload.size_bytes, str(upload.sha256), str(upload.md5))


def delete_upload(db: Session, settings: Settings, upload_id: str) -> None:
    """Deletes an upload and its temporary file; datasets made of it keep their files."""
    begin_write(db)
    db.delete(get_upload(db, upload_id))
    db.commit()
    _path(settings, upload_id).unlink(missing_ok=True)


def delete_expired_uploads(db: Session, settings: Settings) -> int:
    """Deletes uploads unchanged for a day, and files without an upload. Returns their number."""
    old = repository.list_older(db, now() - KEPT)
    for upload in old:
        delete_upload(db, settings, upload.id)
    known = repository.list_ids(db)
    oldest = now().timestamp() - KEPT.total_seconds()
    strays = [path for path in settings.uploads_dir.glob("*") if path.name not in known]
    gone = [path for path in strays if path.stat().st_mtime < oldest]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(old) + len(gone)


def show_upload(upload: Upload) -> UploadView:
    return UploadView(
        id=upload.id,
        name=upload.name,
        size=upload.size_bytes,
        offset=upload.received_bytes,
        finished=bool(upload.sha256),
        sha256=upload.sha256,
        md5=upload.md5,
        max_piece_bytes=MAX_BODY_BYTES,
        created_at=upload.created_at,
        expires_at=upload.updated_at + KEPT,
    )


def _path(settings: Settings, upload_id: str) -> Path:
    """Only for ids from the table, which the server generated: client input must not become a path."""
    return settings.uploads_dir / upload_id


def _open(engine: Engine, settings: Settings, upload: Upload) -> PieceWriter:
    if upload.sha256:
        raise ConflictError("The upload is finished; nothing can be added")
    try:
        return PieceWriter(engine, _path(settings, upload.id), upload.id, upload.size_bytes)
    except FileNotFoundError as error:
        raise NotFoundError("The bytes of this upload are gone; begin a new one") from error


def _hashes(path: Path) -> tuple[str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while block := file.read(READ_BYTES):
            sha256.update(block)
            md5.update(block)
    return sha256.hexdigest(), md5.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
