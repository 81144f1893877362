"""What a job will take before it starts: memory by arithmetic, time and memory by what an earlier job like it took."""

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
"""State per trained parameter: two fp32 moments of Adam, or one byte for each in the 8-bit forms."""

FOUR_BIT_BYTES = 0.5625
"""NF4 with one fp32 scale per 64 weights (QLoRA, arXiv 2305.14314, section 3)."""

_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMBT])", re.IGNORECASE)
_POWERS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@dataclass(frozen=True)
class Machine:
    """Where the job would run. `memory` in bytes: of one GPU where there is one, else of the machine."""

    name: str
    memory: int
    is_gpu: bool


@dataclass(frozen=True)
class Earlier:
    """A finished job with the same model and method. `seconds` is scaled to the rows that the new one will see."""

    uid: str
    name: str
    seconds: float | None
    memory: int | None


def machine_here() -> Machine:
    """The first GPU of this machine, else its processor and main memory."""
    for gpu in read_gpus():
        if gpu.memory_total:
            return Machine(gpu.name, gpu.memory_total, True)
    cores = psutil.cpu_count() or 1
    return Machine(f"CPU, {cores} {'core' if cores == 1 else 'cores'}", psutil.virtual_memory().total, False)


def count_of(model: Model) -> float | None:
    """Parameters of a model as its card tells them (`0.6B`); `None` when it does not."""
    match = _COUNT.search(model.parameters)
    return float(match[1]) * _POWERS[match[2].upper()] if match else None


def least_memory(parameters: float, values: Hyperparameters, *, on_gpu: bool) -> int:
    """Bytes of weights, gradients and optimizer states; activations come on top, an adapter's own weights are left out."""
    if values.method == "full":
        return round(parameters * (4 + 4 + OPTIMIZER_BYTES[values.optimizer]))
    if values.method in ("qlora", "loftq"):
        return round(parameters * FOUR_BIT_BYTES)
    return round(parameters * (2 if on_gpu and values.precision != "fp32" else 4))


def find_earlier(db: Session, model: str, dataset: str, values: Hyperparameters, plan: Plan) -> Earlier | None:
    """The newest finished job to judge by: same model and method, the same dataset if there is one."""
    job = repository.find_alike(db, model, str(values.method), dataset)
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
    return Earlier(job.uid, job.name, seconds, round(memory) if memory else None)
