"""Estimates of time and memory for a job that has not started: from the sizes of its parts and from a similar completed job."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psutil
from sqlmodel import Session

from backend.jobs import repository
from backend.jobs.plan import Plan
from backend.jobs.progress import number
from pegbox.hardware.gpu import read_gpus
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Optimizer
from pegbox.store.tables import Model

OPTIMIZER_BYTES: dict[Optimizer, float] = {
    "adamw_torch": 8,
    "adamw_torch_fused": 8,
    "adamw_8bit": 2,
    "paged_adamw_8bit": 2,
    "adafactor": 4,
    "sgd": 0,
}
"""Bytes of optimizer state per trained parameter: two fp32 moments for Adam, two one-byte moments for the 8-bit optimizers."""

FOUR_BIT_BYTES = 0.5625
"""Bytes per weight in NF4 with one fp32 scale per 64 weights (QLoRA, arXiv 2305.14314, section 3)."""

_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMBT])", re.IGNORECASE)
_POWERS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@dataclass(frozen=True)
class Machine:
    """The hardware for a job. `memory` is the memory of one GPU in bytes, or the main memory of a machine without a GPU."""

    name: str
    memory: int
    is_gpu: bool


@dataclass(frozen=True)
class SimilarJob:
    """A completed job with the same model and method.

    `seconds` is its runtime, scaled to the number of rows that the new job trains on; `memory` is in bytes.
    """

    uid: str
    name: str
    seconds: float | None
    memory: int | None


def local_machine() -> Machine:
    """The first GPU of this machine, or the processor and the main memory if there is no GPU."""
    for gpu in read_gpus():
        if gpu.memory_total:
            return Machine(gpu.name, gpu.memory_total, True)
    cores = psutil.cpu_count() or 1
    return Machine(f"CPU, {cores} {'core' if cores == 1 else 'cores'}", psutil.virtual_memory().total, False)


def parameter_count(model: Model) -> float | None:
    """The number of parameters that the model's record states (`0.6B`); `None` if the record does not state a number."""
    match = _COUNT.search(model.parameters)
    return float(match[1]) * _POWERS[match[2].upper()] if match else None


def minimum_memory(parameters: float, values: Hyperparameters, *, on_gpu: bool) -> int:
    """Bytes of weights, gradients and optimizer states. Excludes activations and the weights of an adapter."""
    if values.method == "full":
        return round(parameters * (4 + 4 + OPTIMIZER_BYTES[values.optimizer]))
    if values.method in ("qlora", "loftq"):
        return round(parameters * FOUR_BIT_BYTES)
    return round(parameters * (2 if on_gpu and values.precision != "fp32" else 4))


def find_similar_job(db: Session, model: str, dataset: str, values: Hyperparameters, plan: Plan) -> SimilarJob | None:
    """The newest completed job with the same model and method; jobs on the same dataset are preferred."""
    job = repository.find_similar(db, model, str(values.method), dataset)
    if job is None:
        return None
    before = Hyperparameters.model_validate(job.hyperparameters)
    performance = job.results.get("performance", {})
    steps, runtime = number(performance, "steps"), number(performance, "runtime_seconds")
    seconds = None
    if steps and runtime:
        rows = plan.steps * values.effective_batch_size
        seconds = runtime * rows / (steps * before.effective_batch_size)
    run = repository.find_runs(db, [job]).get(job.run_id)
    memory = number(run.summary, "memory_bytes") if run else None
    return SimilarJob(job.uid, job.name, seconds, round(memory) if memory else None)
