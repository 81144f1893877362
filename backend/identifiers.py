"""Generates ids: a readable prefix with a random or time-based suffix."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Callable

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(length: int) -> str:
    """Random lower-case letters and digits."""
    return "".join(secrets.choice(BASE36) for _ in range(length))


def now_ms() -> int:
    """Unix time in milliseconds: the middle part of dataset and job uids."""
    return time.time_ns() // 1_000_000


def new_dataset_uid() -> str:
    """`dataset_<13-digit ms>_<9 base36>`."""
    return f"dataset_{now_ms()}_{base36(9)}"


def new_job_uid(content: dict[str, str | None], at_ms: int) -> str:
    """`job_<13-digit ms>_<8 hex>`; the hex part is the start of an MD5 of the job's content."""
    text = json.dumps(content, sort_keys=True)
    return f"job_{at_ms}_{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8]}"


def new_model_uid() -> str:
    """A random ten-digit number, the format that existing clients expect."""
    return str(secrets.randbelow(9_000_000_000) + 1_000_000_000)


def unique_slug(name: str, is_taken: Callable[[str], bool]) -> str:
    """`Customer Support Q&A` → `customer-support-q-a`; with the suffix `-2`, `-3`, … when taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "dataset"
    candidate, number = slug, 2
    while is_taken(candidate):
        candidate, number = f"{slug}-{number}", number + 1
    return candidate
