"""Operations on hyperparameter configurations: read, replace, look up, store, suggest."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from backend.hyperparameters import repository
from backend.hyperparameters.resolve import Resolved, encode, resolve
from backend.hyperparameters.uid import as_config, decode
from pegbox.errors import NotFoundError
from pegbox.schemas.jobs.hyperparameter_config import BestConfig, HyperparameterDocument, StoredConfig
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.store.database import begin_write
from pegbox.store.tables import now

MAX_ALIAS_HOPS = 10


def read_document(db: Session) -> HyperparameterDocument:
    return HyperparameterDocument.model_validate(repository.find_document(db).body)


def replace_document(db: Session, body: HyperparameterDocument) -> None:
    begin_write(db)
    document = repository.find_document(db)
    document.body = body.model_dump(mode="json")
    document.updated_at = now()
    db.add(document)
    db.commit()


def find_config(db: Session, uid: str) -> dict[str, Any] | None:
    """The stored configuration by uid or alias; `None` if missing."""
    document = read_document(db)
    for _ in range(MAX_ALIAS_HOPS):
        if uid in document.configs:
            return document.configs[uid]
        if uid not in document.aliases:
            return None
        uid = document.aliases[uid]
    return None


def get_config(db: Session, uid: str) -> dict[str, Any]:
    """The stored configuration, else the decoded uid. Raises `NotFoundError`."""
    stored = find_config(db, uid)
    if stored is not None:
        return stored
    decoded = decode(uid)
    if decoded is None:
        raise NotFoundError(f"Hyperparameter UID not found: {uid}")
    return as_config(decoded)


def is_known(db: Session, uid: str) -> bool:
    return find_config(db, uid) is not None or decode(uid) is not None


def keep_config(db: Session, values: Hyperparameters) -> StoredConfig:
    """Stores complete values under their encoded uid, with the suffix `-2`, `-3`, … for other values with the same encoding."""
    decided = resolve(values, None, is_starter=False).values
    base = encode(decided) or "custom"
    config = decided.model_dump(mode="json", exclude={"uid"}, exclude_none=True)
    begin_write(db)
    document = repository.find_document(db)
    configs: dict[str, Any] = dict(document.body.get("configs", {}))
    uid, number = base, 2
    while uid in configs and configs[uid] != config:
        uid, number = f"{base}-{number}", number + 1
    if uid not in configs:
        configs[uid] = config
        document.body = {**document.body, "configs": configs}
        document.updated_at = now()
        db.add(document)
    db.commit()
    return StoredConfig(message="Hyperparameter config stored successfully", uid=uid, config=config)


def best_config(db: Session, mode: str) -> BestConfig:
    """The configuration selected for the mode, else that of the job with the lowest validation loss."""
    document = read_document(db)
    picked = document.best_config_uid_manual if mode == "manual" else document.best_config_uid_automated
    if picked and (config := find_config(db, picked)) is not None:
        return BestConfig(mode=mode, uid=picked, config=config, source="document")
    best = min(
        (
            (loss, job)
            for job in repository.list_completed_jobs(db)
            if isinstance(loss := job.results.get("performance", {}).get("best_validation_loss"), (int, float))
        ),
        key=lambda pair: pair[0],
        default=None,
    )
    if best is None or mode != "manual":
        raise NotFoundError(f"No best configuration is known for mode '{mode}' yet")
    loss, job = best
    config = {key: value for key, value in job.hyperparameters.items() if key != "uid" and value is not None}
    uid = str(job.hyperparameters.get("uid") or job.uid)
    return BestConfig(mode=mode, uid=uid, config=config, source="job", job_uid=job.uid, validation_loss=loss)


def resolve_for_job(db: Session, inline: Hyperparameters, *, is_starter: bool) -> Resolved:
    """The hyperparameters that a job would train with."""
    stored = find_config(db, inline.uid) if inline.uid else None
    return resolve(inline, stored, is_starter=is_starter)
