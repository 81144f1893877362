"""The GPUs that a worker hands out to jobs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pegbox.errors import ValidationError
from pegbox.hardware.gpu import GpuReading, read_gpus
from pegbox.schemas.jobs.queue import Device


def list_devices(selection: str | None = None) -> list[Device]:
    """The GPUs that `selection` names (indexes or UUIDs, comma separated), or every GPU that this process may use.

    Each slice of a divided GPU (MIG) is a device of its own. Without `selection`, CUDA_VISIBLE_DEVICES decides. A UUID that NVML
    does not know is accepted as given; an unknown index raises `ValidationError`.
    """
    present = [device for gpu in read_gpus() for device in _devices_of(gpu)]
    names = selection if selection is not None else os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return present
    requested = [name.strip() for name in names.split(",") if name.strip()]
    devices = [_find(name, present, position) for position, name in enumerate(requested)]
    if selection is None:  # CUDA ignores names of absent devices
        return [device for device in devices if device in present]
    return devices


def cuda_visible_devices(devices: Sequence[Device]) -> str:
    """The value of CUDA_VISIBLE_DEVICES for a process that may see only `devices`."""
    return ",".join(device.uuid for device in devices)


def _devices_of(gpu: GpuReading) -> list[Device]:
    if not gpu.mig:
        return [Device(uuid=gpu.uuid, index=gpu.index, name=gpu.name)] if gpu.uuid else []
    return [Device(uuid=part.uuid, index=gpu.index, name=part.name) for part in gpu.mig if part.uuid]


def _find(name: str, present: Sequence[Device], position: int) -> Device:
    for device in present:
        if name == str(device.index) or device.uuid.startswith(name):
            return device
    if name.lstrip("-").isdigit():
        raise ValidationError(f"There is no GPU {name} on this machine; it has {len(present)}")
    return Device(uuid=name, index=position)
