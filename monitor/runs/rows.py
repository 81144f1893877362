"""Row types of runs and jobs, as the queries of `monitor.runs` return them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

RunRow = Row[Any]
"""All columns of the run, plus `experiment` (its name), `job_state`, `job_phase`, `job_max_steps`, `job_hyperparameters`."""

JobRow = Row[Any]
"""`uid`, `state`, `run_id`, `phase`, `step`, `max_steps`, `hyperparameters` of a job."""
