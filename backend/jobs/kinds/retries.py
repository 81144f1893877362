"""Retries of jobs that failed or whose worker was lost."""

from __future__ import annotations

from datetime import timedelta

from pegbox.store.tables import Job, now

INITIAL_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 600.0


def pause_before(retry: int) -> float:
    """Seconds before a retry (counted from 1): 1 s, doubled for each retry, at most 10 minutes."""
    return min(INITIAL_DELAY_SECONDS * 2.0 ** min(retry - 1, 32), MAX_DELAY_SECONDS)


def schedule_retry(job: Job) -> bool:
    """Consumes one retry and sets `retry_at`. Returns false if no retry is left or if a pause or cancellation is requested."""
    if job.wanted != "run" or job.retries >= job.max_retries:
        return False
    job.retries += 1
    job.retry_at = now() + timedelta(seconds=pause_before(job.retries))
    return True
