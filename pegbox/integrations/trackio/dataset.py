"""Uploads a run's points to a dataset repository of the model hub, from which Spaces without storage read them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from typing import Any

import httpx2

from pegbox.errors import UnreachableError

EXPORT_SECONDS = 300.0


def export_to_dataset(monitor: httpx2.Client, run: Mapping[str, Any], repo: str, hf_token: str | None) -> str:
    """Writes `<experiment>/<run id>.jsonl`, a row per step, and returns its path. Creates a private repository if needed.

    Raises `UnreachableError` with the reason when the monitor or the hub fails.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

    folder = re.sub(r"[^A-Za-z0-9_.-]", "_", run["experiment"]).lstrip(".") or "experiment"
    path = f"{folder}/{run['id']}.jsonl"
    with tempfile.TemporaryFile() as file:
        try:
            with monitor.stream(
                "GET", f"/api/runs/{run['id']}/export", params={"format": "jsonl"}, timeout=EXPORT_SECONDS
            ) as answer:
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        except httpx2.HTTPError as error:
            raise UnreachableError(f"{monitor.base_url} does not give the run's points: {error}") from error
        file.seek(0)
        try:
            hub = HfApi(token=hf_token)
            hub.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
            hub.upload_file(
                path_or_fileobj=file,
                path_in_repo=path,
                repo_id=repo,
                repo_type="dataset",
                commit_message=f"Points of {run['name']}",
            )
        except Exception as error:  # the hub's client raises errors of many classes
            raise UnreachableError(f"The dataset {repo} was not written: {error}") from error
    return path
