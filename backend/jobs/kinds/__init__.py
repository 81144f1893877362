"""The kinds of jobs. A new kind is one module here and one line in `KINDS`."""

from __future__ import annotations

from backend.jobs.kinds.command import Command
from backend.jobs.kinds.finetune import Finetune
from backend.jobs.kinds.kind import Kind
from pegbox.store.tables import Job

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Finetune(), Command())}


def kind_of(job: Job) -> Kind:
    """The kind of a stored job."""
    return KINDS[job.kind]
