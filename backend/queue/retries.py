"""When a command job that failed or was lost is tried again."""

from __future__ import annotations

from datetime import timedelta

from pegbox.store.tables import Job, now

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 600.0


def pause_before(retry: int) -> float:
    """Seconds before the retry of this number, counted from 1: twice as long each time, up to ten minutes."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(retry - 1, 32), LONGEST_PAUSE_SECONDS)


def will_try_again(job: Job) -> bool:
    """Takes one of the job's retries and sets its time; false when it has none left, or the user wants it to end."""
    if job.kind != "command" or job.wanted != "run" or job.retries >= job.max_retries:
        return False
    job.retries += 1
    job.retry_at = now() + timedelta(seconds=pause_before(job.retries))
    return True
