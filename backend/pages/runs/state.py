"""A run's status in the words and colours of jobs."""

from __future__ import annotations

from pegbox.store.tables import Run

STATE_OF_RUN = {
    "running": "running",
    "paused": "paused",
    "finished": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
WORDS = {
    "running": "Running",
    "paused": "Paused",
    "finished": "Finished",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def word_of(run: Run) -> str:
    """The status as a pill shows it."""
    return WORDS.get(run.status, run.status.capitalize())
