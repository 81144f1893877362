"""Explains the failure of a job: the cause, a suggested fix and the last lines of the log."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.jobs.logs import read_tail
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.job import FinetuneView
from pegbox.settings import Settings

LOG_LINES = 20


@dataclass(frozen=True)
class Failure:
    """A failure for the job page. `fix` is empty if no fix is known; `step` is the wizard step in which to apply the fix."""

    cause: str
    more: str
    fix: str
    step: str
    log: str


def failure_of(view: FinetuneView, settings: Settings) -> Failure:
    """Describes the failure from the error of the worker and the end of stderr."""
    text = (view.error_message or "The job failed without a word.").strip()
    cause, _, more = text.partition("\n")
    log = "\n".join(read_tail(settings.jobs_dir, view.uid, "stderr", LOG_LINES).lines).strip()
    fix, step = _fix(f"{text}\n{log}", view.configuration.hyperparameters)
    # The error often ends with the last lines of the log.
    return Failure(cause=cause, more="" if more.strip() in log else more.strip(), fix=fix, step=step, log=log)


def _fix(text: str, values: Hyperparameters) -> tuple[str, str]:
    """The fix for known failures and its wizard step; both are empty for unknown failures."""

    def matches(pattern: str) -> bool:
        return re.search(pattern, text, re.IGNORECASE) is not None

    if matches(r"out of memory|cannot allocate memory|signal 9|SIGKILL|exit code -9"):
        return _memory_fix(values), "resources"
    if matches(r"not finite|no number any more|\bnan\b|diverge"):
        rate = f"{values.learning_rate / 10:g}" if values.learning_rate else "a tenth of it"
        return f"A lower learning rate usually helps: try {rate}.", "method"
    if matches(r"out of reach"):
        return (
            "Connect this machine once so that the model can be downloaded, point HF_ENDPOINT at a mirror, or choose the "
            "starter or a model folder.",
            "model",
        )
    if matches(r"no space left"):
        return "Free space on the disk of the data folder: archived jobs can be deleted with their checkpoints.", ""
    return "", ""


def _memory_fix(values: Hyperparameters) -> str:
    if values.batch_size > 1:
        half = values.batch_size // 2
        sums = values.gradient_accumulation_steps * 2
        return f"It ran out of memory. A batch size of {half} with {sums} batches summed up learns the same in less."
    if values.max_length > 512:
        return f"It ran out of memory. Rows of at most {values.max_length // 2} tokens need about half of it."
    return "It ran out of memory. A smaller model, or QLoRA on a GPU, needs less."
