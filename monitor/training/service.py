"""The responses of the Training Monitor API, built from the focused run and the view window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.context import Monitor
from monitor.resources.views import resource_numbers, resource_record
from monitor.runs import service as runs
from monitor.runs.rows import RunRow
from monitor.runs.service import active_seconds
from monitor.training.durations import format_clock
from monitor.training.records import TrainingRecord, count_records, iterations_at, newest_records
from monitor.training.status import job_status, plan_of, run_status, shown_status
from pegbox.errors import NotFoundError, UnavailableError
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.schemas.runs.training import (
    LossRecord,
    MemoryUsage,
    MonitorRoot,
    ResourceRecord,
    Temperatures,
    TrainingModeView,
    TrainingStatus,
    TrainingSummary,
)

if TYPE_CHECKING:
    from monitor.metrics.series.history import RunHistory


NO_TRAINING = "Training data not available"
NO_RESOURCES = "Resource data not available"


def losses(monitor: Monitor, last_n: int) -> list[LossRecord]:
    """Returns the newest records in the window, oldest first. Raises `UnavailableError` for none."""
    row = _focus(monitor)
    if row is None:
        raise UnavailableError(NO_TRAINING)
    with monitor.histories.reading(row.id) as history:
        records = newest_records(history, plan_of(row), last_n, after=monitor.modes.window.since_seq)
    if not records:
        raise UnavailableError(NO_TRAINING)
    return [record.loss for record in records]


def resources(monitor: Monitor, last_n: int) -> list[ResourceRecord]:
    """Returns the newest resource samples in the window, oldest first. Raises `UnavailableError` for none."""
    samples = monitor.sampler.recent(last_n, monitor.modes.window.since_time)
    if not samples:
        raise UnavailableError(NO_RESOURCES)
    iterations = [0] * len(samples)
    row = _focus(monitor)
    if row is not None:
        with monitor.histories.reading(row.id) as history:
            iterations = iterations_at(history, [sample.time for sample in samples])
    return [resource_record(sample, iteration) for sample, iteration in zip(samples, iterations, strict=True)]


def status(monitor: Monitor, job_id: str) -> TrainingStatus:
    """Returns the status of a job or a run, by either id. Raises `NotFoundError`."""
    with monitor.engine.connect() as connection:
        row = runs.find_row(connection, job_id)
        job = runs.find_job(connection, job_id) if row is None else None
        if job is not None:
            row = runs.find_row(connection, job.run_id)
    if row is None:
        if job is None:
            raise NotFoundError(f"Job not found: {job_id}")
        return job_status(job)
    with monitor.histories.reading(row.id) as history:
        return run_status(history, row, job_id)


def summary(monitor: Monitor) -> TrainingSummary:
    """Returns the newest record with the machine. Raises `UnavailableError` without a record in the window."""
    row = _focus(monitor)
    sample = monitor.sampler.latest
    if row is None:
        raise UnavailableError(NO_TRAINING)
    with monitor.histories.reading(row.id) as history:
        record = _newest(monitor, history, row)
    if record is None:
        raise UnavailableError(NO_TRAINING)
    loss, numbers = record.loss, resource_numbers(sample)
    return TrainingSummary(
        training_mode=monitor.modes.window.mode,
        is_completed=_is_completed(row),
        current_iteration=loss.iteration,
        current_epoch=loss.epoch,
        current_step=loss.step,
        current_train_loss=loss.train_loss,
        current_val_loss=loss.validation_loss,
        gpu_utilization=numbers.gpu_percent,
        memory_usage=MemoryUsage(
            ram_used=numbers.ram_used_gb,
            ram_total=numbers.ram_total_gb,
            vram_used=numbers.vram_used_gb,
            vram_total=numbers.vram_total_gb,
        ),
        temperatures=Temperatures(gpu=numbers.gpu_temp, cpu=numbers.cpu_temp),
        elapsed_time=format_clock(active_seconds(row)),
        data_point=f"{loss.iteration + 1}/{record.total}",
        gpu_available=numbers.gpu_available,
        job_id=row.job_uid or row.id,
    )


def mode_view(monitor: Monitor) -> TrainingModeView:
    """Returns the mode; before the first record in the window, iteration 0 and not completed."""
    row, record = _focused_record(monitor)
    return TrainingModeView(
        mode=monitor.modes.window.mode,
        is_completed=record is not None and row is not None and _is_completed(row),
        current_iteration=0 if record is None else record.loss.iteration,
    )


def root(monitor: Monitor) -> MonitorRoot:
    """Returns the response of `GET /`."""
    row, record = _focused_record(monitor)
    points = 0
    if row is not None:
        with monitor.histories.reading(row.id) as history:
            points = count_records(history, after=monitor.modes.window.since_seq)
    return MonitorRoot(
        message="Pegbox Training Monitor is running",
        status="running",
        training_mode=monitor.modes.window.mode,
        data_points=points,
        is_completed=record is not None and row is not None and _is_completed(row),
        current_iteration=0 if record is None else record.loss.iteration,
        uptime_seconds=round(monitor.uptime_seconds, 1),
    )


def _focused_record(monitor: Monitor) -> tuple[RunRow | None, TrainingRecord | None]:
    row = _focus(monitor)
    if row is None:
        return None, None
    with monitor.histories.reading(row.id) as history:
        return row, _newest(monitor, history, row)


def _newest(monitor: Monitor, history: RunHistory, row: RunRow) -> TrainingRecord | None:
    found = newest_records(history, plan_of(row), 1, after=monitor.modes.window.since_seq)
    return found[0] if found else None


def _focus(monitor: Monitor) -> RunRow | None:
    with monitor.engine.connect() as connection:
        return runs.find_focus(connection, automated=monitor.modes.window.mode == "automated")


def _is_completed(row: RunRow) -> bool:
    return shown_status(row) in TERMINAL_STATES
