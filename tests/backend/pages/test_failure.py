"""A failed job's page leads with the cause and names the likely fix."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.jobs import lists
from backend.jobs.service import get_job
from backend.pages.jobs.failure import failure_of
from pegbox.settings import Settings
from pegbox.store.database import open_session


@pytest.mark.parametrize(
    ("error", "fix", "step"),
    [
        ("CUDA out of memory. Tried to allocate 2 GiB", "A batch size of 4 with 2 batches summed up", "resources"),
        ("The trainer was killed by signal 9.", "ran out of memory", "resources"),
        ("The loss is no number any more since step 12.", "A lower learning rate usually helps: try 0.0003", "method"),
        (
            "The model hub https://hub.example is out of reach and a/b is not on this machine yet.",
            "HF_ENDPOINT",
            "model",
        ),
        ("OSError: [Errno 28] No space left on device", "Free space on the disk", ""),
        ("a/b is gated: accept its licence and set HF_TOKEN.", "", ""),
        ("", "", ""),
    ],
)
def test_the_fix_fits_the_cause(
    backend_client: TestClient,
    settings: Settings,
    error: str,
    fix: str,
    step: str,
) -> None:
    body: dict[str, Any] = {
        "name": "A job",
        "configuration": {
            "model": {"uid": "starter"},
            "dataset": {"uid": "none"},
            "hyperparameters": {"batch_size": 8, "learning_rate": 0.003},
        },
    }
    uid = backend_client.post("/api/jobs", json=body).json()["uid"]
    with open_session(backend_client.app.state.engine) as db:  # type: ignore[attr-defined]
        job = get_job(db, uid)
        job.state, job.error = "failed", error or None
        db.add(job)
        db.commit()
        failure = failure_of(lists.show_job(db, job), settings)
    assert failure.cause == (error or "The job failed without a word.")
    assert fix in failure.fix
    assert bool(failure.fix) == bool(fix)
    assert failure.step == step
    page = backend_client.get(f"/jobs/{uid}", headers={"Accept": "text/html"}).text
    assert ("Likely fix" in page) == bool(fix)
    leads_to = f"/jobs/new?from={uid}" + (f"&amp;step={step}" if step else "")
    assert leads_to in page
