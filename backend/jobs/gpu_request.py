"""The GPUs that a job requests. A request that no machine can fulfil is rejected, because the job would never start."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from backend.workers.service import devices_of, list_live_workers
from pegbox.errors import ValidationError
from pegbox.hardware.gpu import read_gpus
from pegbox.schemas.jobs.command import DEVICES, CommandCreate
from pegbox.schemas.jobs.queue import Device
from pegbox.schemas.jobs.request import JobRequest


def gpu_count_of(db: Session, body: JobRequest) -> int:
    """The requested number of GPUs; by default 1, or 0 if no machine has a GPU.

    Raises `ValidationError` for more GPUs than any single machine has.
    """
    available = max((len(devices) for devices in _devices_by_machine(db)), default=0)
    named = body.wanted_devices()
    requested = body.gpu_count
    if requested is None:
        requested = min(len(named), available) if named is not None else min(1, available)
    if requested > available:
        available_text = f"this machine has {available} GPU{'' if available == 1 else 's'}"
        raise _invalid(
            "gpu_count", f"gpu_count is {requested}, but {available_text if available else 'this machine has no GPU'}"
        )
    return requested


def wanted_devices_of(db: Session, body: CommandCreate, gpu_count: int) -> list[str] | None:
    """The devices that `CUDA_VISIBLE_DEVICES` of the job requires; `None` if the job requires no specific devices or no GPUs.

    Raises `ValidationError` if no machine has all these devices.
    """
    names = body.wanted_devices()
    if names is None or gpu_count == 0:
        return None
    if len(names) != gpu_count:
        raise _invalid("environment", f"{DEVICES} names {len(names)} devices, but gpu_count is {gpu_count}")
    machines = _devices_by_machine(db)
    if not any(set(names) <= _device_names(devices) for devices in machines):
        known = sorted(set().union(*(_device_names(devices) for devices in machines)))
        raise _invalid(
            "environment", f"{DEVICES}: no machine has all of {', '.join(names)}; there are {', '.join(known)}"
        )
    return names


def _devices_by_machine(db: Session) -> list[Sequence[Device]]:
    """The GPUs of each live worker and of this machine, one sequence per machine."""
    here = [Device(uuid=gpu.uuid, index=gpu.index, name=gpu.name) for gpu in read_gpus() if gpu.uuid]
    return [*(devices_of(worker) for worker in list_live_workers(db)), here]


def _device_names(devices: Sequence[Device]) -> set[str]:
    return {name for device in devices for name in (device.uuid, str(device.index))}


def _invalid(field: str, text: str) -> ValidationError:
    return ValidationError(text, errors=[{"loc": ["body", field], "msg": text}])
