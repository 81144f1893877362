"""Filters of run lists, as SQL conditions on a run, its experiment and its job."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select

from pegbox.schemas.runs.run import DEMO_TAG, RUN_STATUS_OF_JOB_STATE, RunStatus
from pegbox.store.tables import Experiment, Job, Run

_run = Run.__table__  # type: ignore[attr-defined]
_experiment = Experiment.__table__  # type: ignore[attr-defined]
_job = Job.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Fields that are None do not filter. Each word of `q` must occur in the run's name, id, experiment, config or summary.

    Demonstration runs are excluded unless `demo` is true or `tag` is their tag.
    """

    job_uid: str | None = None
    experiment: str | None = None
    status: RunStatus | None = None
    tag: str | None = None
    q: str | None = None
    name: str | None = None
    demo: bool = False

    def conditions(self, dialect: str) -> list[ColumnElement[bool]]:
        """Returns conditions for a query that joins run, experiment and job. `dialect` is SQLAlchemy's name of the database."""
        found: list[ColumnElement[bool]] = []
        if self.job_uid is not None:
            found.append(_run.c.job_uid == self.job_uid)
        if self.experiment is not None:
            found.append(_experiment.c.name == self.experiment)
        if self.status is not None:
            found.append(_has_status(self.status))
        if self.tag is not None:
            found.append(_has_tag(self.tag, dialect))
        if self.name is not None:
            found.append(_run.c.name == self.name)
        if not self.demo and self.tag != DEMO_TAG:
            found.append(not_(_has_tag(DEMO_TAG, dialect)))
        return found + [_matches_word(word) for word in (self.q or "").split()]


def _has_status(status: RunStatus) -> ColumnElement[bool]:
    """Matches the shown status: that of the run, corrected by its job's state while the run is marked as running."""
    if status == "running":
        is_job_unfinished = or_(_job.c.state.is_(None), _job.c.state.not_in(RUN_STATUS_OF_JOB_STATE))
        return and_(_run.c.status == status, is_job_unfinished)
    states = [state for state, shown in RUN_STATUS_OF_JOB_STATE.items() if shown == status]
    return or_(_run.c.status == status, and_(_run.c.status == "running", _job.c.state.in_(states)))


def _has_tag(tag: str, dialect: str) -> ColumnElement[bool]:
    # SQLite and PostgreSQL have different functions that expand a JSON array to rows.
    if dialect == "sqlite":
        tags = func.json_each(_run.c.tags).table_valued("value")
    else:
        tags = func.json_array_elements_text(_run.c.tags).table_valued("value").render_derived()
    return exists(select(1).select_from(tags).where(tags.c.value == tag))


def _matches_word(word: str) -> ColumnElement[bool]:
    as_json = json.dumps(word)[1:-1]  # as stored: quotes and non-ASCII characters escaped
    return or_(
        *(column.icontains(word, autoescape=True) for column in (_run.c.name, _run.c.id, _experiment.c.name)),
        *(cast(column, String).icontains(as_json, autoescape=True) for column in (_run.c.config, _run.c.summary)),
    )
