"""Labels and colours of a run's status."""

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
    """The label of the status."""
    return WORDS.get(run.status, run.status.capitalize())
