"""Converts resource samples to the units of the Training Monitor API: GiB, percent, megabits per second."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.resources.sampler import MachineSample
from pegbox.hardware.gpu import GpuReading
from pegbox.schemas.runs.training import GpuProcessSample, GpuSample, ResourceNumbers, ResourceRecord

GIB = 2**30


def resource_numbers(sample: MachineSample) -> ResourceNumbers:
    """Converts a sample to the fields that live messages contain."""
    host = sample.host
    return ResourceNumbers(
        cpu_percent=round(host.cpu_percent, 1),
        gpu_percent=round(sample.gpu_percent, 1),
        ram_used_gb=_gib(host.memory_used),
        vram_used_gb=_gib(sample.gpu_memory_used),
        gpu_temp=sample.gpu_temperature,
        ram_total_gb=_gib(host.memory_total),
        vram_total_gb=_gib(sample.gpu_memory_total),
        disk_used_gb=_gib(host.disk_used),
        disk_total_gb=_gib(host.disk_total),
        cpu_temp=host.cpu_temperature,
        network_in_mbps=_mbps(host.network_in),
        network_out_mbps=_mbps(host.network_out),
        gpu_available=bool(sample.gpus),
    )


def resource_record(sample: MachineSample, iteration: int) -> ResourceRecord:
    """Converts a sample to the record of `GET /api/training/resources`."""
    return ResourceRecord(
        **resource_numbers(sample).model_dump(),
        iteration=iteration,
        timestamp=datetime.fromtimestamp(sample.time, UTC),
        gpus=[gpu_sample(gpu) for gpu in sample.gpus],
    )


def gpu_sample(gpu: GpuReading) -> GpuSample:
    return GpuSample(
        index=gpu.index,
        name=gpu.name,
        gpu_percent=gpu.utilization,
        vram_used_gb=None if gpu.memory_used is None else _gib(gpu.memory_used),
        vram_total_gb=None if gpu.memory_total is None else _gib(gpu.memory_total),
        gpu_temp=gpu.temperature,
        power_watts=gpu.power,
        processes=[
            GpuProcessSample(
                pid=process.pid, vram_used_gb=None if process.memory_used is None else _gib(process.memory_used)
            )
            for process in gpu.processes
        ],
    )


def _gib(size: int) -> float:
    return round(size / GIB, 2)


def _mbps(bytes_per_second: float) -> float:
    return round(bytes_per_second * 8 / 1e6, 2)
