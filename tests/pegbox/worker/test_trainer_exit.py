"""The report for each exit code of a trainer."""

from __future__ import annotations

import pytest

from pegbox.schemas.jobs.queue import JobResult, Outcome, Wanted
from pegbox.worker.assignment import Failure
from pegbox.worker.job_folder import JobFolder, write_atomically
from pegbox.worker.trainer_exit import report_exit


@pytest.mark.parametrize(
    ("code", "wanted", "outcome"),
    [
        (75, "run", "interrupted"),
        (75, "pause", "paused"),
        (75, "cancel", "cancelled"),
        (-9, "run", "interrupted"),
        (-9, "pause", "paused"),
        (-9, "cancel", "cancelled"),
        (1, "run", "failed"),
        (1, "cancel", "failed"),
        (0, "run", "failed"),
    ],
)
def test_exit_codes(code: int, wanted: Wanted, outcome: Outcome, folder: JobFolder) -> None:
    report = report_exit(code, wanted, folder, "token", 7)

    assert (report.outcome, report.exit_code, report.step) == (outcome, code, 7)


def test_a_result_completes_the_job(folder: JobFolder) -> None:
    result = JobResult(steps=12, model_path="/models/m")
    write_atomically(folder.result, result.model_dump_json())

    report = report_exit(0, "cancel", folder, "token", 3)

    assert (report.outcome, report.step, report.result) == ("completed", 12, result)


def test_the_reason_is_the_childs_own(folder: JobFolder) -> None:
    write_atomically(folder.failure, Failure(error="The dataset is empty.").model_dump_json())

    assert report_exit(1, "run", folder, "token", None).error == "The dataset is empty."


def test_without_a_reason_the_error_log_speaks(folder: JobFolder) -> None:
    folder.stderr_log.write_text("".join(f"line {number}\n" for number in range(20)))

    error = report_exit(134, "run", folder, "token", None).error

    assert error is not None
    assert error.splitlines()[0] == "The trainer ended with exit code 134 and gave no reason."
    assert error.splitlines()[-1] == "line 19"


def test_a_kill_is_named(folder: JobFolder) -> None:
    assert report_exit(-9, "run", folder, "token", 3).error == "The trainer was killed by SIGKILL."
