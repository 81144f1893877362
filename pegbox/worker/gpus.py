"""The GPUs that a worker hands out to jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pegbox.errors import ValidationError
from pegbox.hardware.gpu import GpuReading, read_gpus
from pegbox.schemas.jobs.queue import Device


def devices_here(chosen: str | None = None) -> list[Device]:
    """Every GPU that this process may use, or those that `chosen` names (indexes or UUIDs, comma separated).

    A divided GPU counts as its slices. Without `chosen`, the worker's own CUDA_VISIBLE_DEVICES decides. A UUID that NVML does not
    know is taken at its word; an index that is not there raises `ValidationError`.
    """
    known = [device for gpu in read_gpus() for device in _units(gpu)]
    names = chosen if chosen is not None else os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return known
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    found = [_find(name, known, place) for place, name in enumerate(wanted)]
    if chosen is None:  # CUDA itself ignores what is not there
        return [device for device in found if device in known]
    return found


def visible(devices: Sequence[Device]) -> str:
    """What CUDA_VISIBLE_DEVICES must be for a process to see these devices and no others."""
    return ",".join(device.uuid for device in devices)


def _units(gpu: GpuReading) -> list[Device]:
    if not gpu.mig:
        return [Device(uuid=gpu.uuid, index=gpu.index, name=gpu.name)] if gpu.uuid else []
    return [Device(uuid=part.uuid, index=gpu.index, name=part.name) for part in gpu.mig if part.uuid]


def _find(name: str, known: Sequence[Device], place: int) -> Device:
    for device in known:
        if name == str(device.index) or device.uuid.startswith(name):
            return device
    if name.lstrip("-").isdigit():
        raise ValidationError(f"There is no GPU {name} on this machine; it has {len(known)}")
    return Device(uuid=name, index=place)
