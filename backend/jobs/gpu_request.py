"""How many GPUs a job gets, and which ones it names: what cannot ever be had is refused at once, it would wait for ever."""

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
    """What the job asks for; without a word one GPU where there is any, else none. Raises `ValidationError` for more than
    one machine has."""
    most = max((len(devices) for devices in _machines(db)), default=0)
    named = body.wanted_devices()
    wanted = body.gpu_count
    if wanted is None:
        wanted = min(len(named), most) if named is not None else min(1, most)
    if wanted > most:
        there = f"this machine has {most} GPU{'' if most == 1 else 's'}"
        raise _refused("gpu_count", f"gpu_count is {wanted}, but {there if most else 'this machine has no GPU'}")
    return wanted


def wanted_devices_of(db: Session, body: CommandCreate, gpu_count: int) -> list[str] | None:
    """The devices that the job insists on. Without GPUs of its own, `CUDA_VISIBLE_DEVICES` is a variable like any other.

    Raises `ValidationError` when no machine has them all.
    """
    names = body.wanted_devices()
    if names is None or gpu_count == 0:
        return None
    if len(names) != gpu_count:
        raise _refused("environment", f"{DEVICES} names {len(names)} devices, but gpu_count is {gpu_count}")
    machines = _machines(db)
    if not any(set(names) <= _names(devices) for devices in machines):
        known = sorted(set().union(*(_names(devices) for devices in machines)))
        raise _refused(
            "environment", f"{DEVICES}: no machine has all of {', '.join(names)}; there are {', '.join(known)}"
        )
    return names


def _machines(db: Session) -> list[Sequence[Device]]:
    """The GPUs of each present worker, and those of this machine."""
    here = [Device(uuid=gpu.uuid, index=gpu.index, name=gpu.name) for gpu in read_gpus() if gpu.uuid]
    return [*(devices_of(worker) for worker in list_live_workers(db)), here]


def _names(devices: Sequence[Device]) -> set[str]:
    return {name for device in devices for name in (device.uuid, str(device.index))}


def _refused(field: str, text: str) -> ValidationError:
    return ValidationError(text, errors=[{"loc": ["body", field], "msg": text}])
