"""What can be done with uploads: begin, continue, finish, claim, drop, forget."""

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
from backend.uploads.piece_writer import Piece
from pegbox.errors import ConflictError, NotFoundError, PayloadTooLargeError, UnavailableError, UnusableContentError
from pegbox.schemas.upload import UploadCreate, UploadView
from pegbox.settings import Settings
from pegbox.store.database import begin_write, open_session
from pegbox.store.tables import Upload, now

KEPT = timedelta(days=1)
MOST_UPLOADS = 500
SPARE_BYTES = 256 * 1024 * 1024
"""Disk space that an upload leaves to the database and the logs."""

READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Arrived:
    """A finished upload: where its bytes lie until they get an address of their own, and their hashes."""

    id: str
    path: Path
    name: str
    size_bytes: int
    sha256: str
    md5: str


def begin(db: Session, settings: Settings, body: UploadCreate) -> Upload:
    """Makes room for a file. Raises PayloadTooLargeError, UnavailableError when the disk has no room for it."""
    if body.size > settings.max_upload_bytes:
        raise PayloadTooLargeError(f"File size exceeds maximum allowed size of {settings.max_upload_bytes} bytes")
    folder = settings.uploads_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if body.size + SPARE_BYTES > free:
        raise UnavailableError(f"The disk has {free} bytes left, too few for a file of {body.size}")
    begin_write(db)
    if repository.count_uploads(db) >= MOST_UPLOADS:
        raise ConflictError(f"{MOST_UPLOADS} uploads are unfinished or unused; delete some, or wait a day")
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


def open_piece(engine: Engine, settings: Settings, upload_id: str, offset: int) -> Piece:
    """Where the next bytes go. Raises ConflictError when they do not begin at the offset, or another request is sending."""
    with open_session(engine) as db:
        upload = get_upload(db, upload_id)
        piece = _open(engine, settings, upload)
        try:
            db.refresh(upload)  # what the piece before this one acknowledged
            if offset != upload.received_bytes:
                raise ConflictError(f"The upload has {upload.received_bytes} bytes; continue there, not at {offset}")
            piece.seek(offset)
        except BaseException:
            piece.close()
            raise
        return piece


def finish(db: Session, settings: Settings, upload_id: str) -> Upload:
    """Reads the bytes once for their hashes. Raises ConflictError while some are missing, UnusableContentError for wrong ones."""
    upload = get_upload(db, upload_id)
    if upload.sha256:
        return upload
    if upload.received_bytes != upload.size_bytes:
        raise ConflictError(f"{upload.size_bytes - upload.received_bytes} bytes are missing yet")
    db.rollback()  # no connection waits for gigabytes to be read
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


def claim(engine: Engine, settings: Settings, upload_id: str) -> Arrived:
    """The bytes of an upload, finished if need be. They stay until `drop`."""
    with open_session(engine) as db:
        upload = finish(db, settings, upload_id)
        path = _path(settings, upload_id)
        return Arrived(upload_id, path, upload.name, upload.size_bytes, str(upload.sha256), str(upload.md5))


def drop(db: Session, settings: Settings, upload_id: str) -> None:
    """Forgets an upload; bytes that something was made of stay at their own address."""
    begin_write(db)
    db.delete(get_upload(db, upload_id))
    db.commit()
    _path(settings, upload_id).unlink(missing_ok=True)


def forget_unclaimed(db: Session, settings: Settings) -> int:
    """Drops uploads to which nothing has happened for a day, and files without an upload; returns how many."""
    old = repository.list_older(db, now() - KEPT)
    for upload in old:
        drop(db, settings, upload.id)
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
    """Only for ids that the table knows: they are ours, never a client's words."""
    return settings.uploads_dir / upload_id


def _open(engine: Engine, settings: Settings, upload: Upload) -> Piece:
    if upload.sha256:
        raise ConflictError("The upload is finished; nothing can be added")
    try:
        return Piece(engine, _path(settings, upload.id), upload.id, upload.size_bytes)
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
