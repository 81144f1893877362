"""The hash that DVC gives a file or a folder, to match versions here with versions in DVC.

A file's is the MD5 of its bytes (DVC 3 converts no line endings). A folder's is the MD5 of the JSON list of its files, sorted by
path, as Python's `json.dumps` writes it with sorted keys and its default separators, with `.dir` behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence


def dvc_hash(files: Sequence[tuple[str, str]]) -> str:
    """The hash of (path, MD5) pairs; a single pair is a file, several are a folder."""
    if len(files) == 1:
        return files[0][1]
    entries = [{"md5": md5, "relpath": relpath} for relpath, md5 in sorted(files)]
    text = json.dumps(entries, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"
