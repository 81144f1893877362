"""Retries of jobs that failed or whose worker was lost."""

from __future__ import annotations

from datetime import timedelta

from pegbox.store.tables import Job, now

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 600.0


def pause_before(retry: int) -> float:
    """Seconds before a retry, counted from 1: doubled each time, up to ten minutes."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(retry - 1, 32), LONGEST_PAUSE_SECONDS)


def schedule_retry(job: Job) -> bool:
    """Uses one retry of the job and sets its time; false if no retry is left, or if the job is to be cancelled."""
    if job.wanted != "run" or job.retries >= job.max_retries:
        return False
    job.retries += 1
    job.retry_at = now() + timedelta(seconds=pause_before(job.retries))
    return True
