"""Models of the Training Monitor API: losses, resources, status, summary and mode, with its published names."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pegbox.schemas.base import Instant, Wire

Mode = Literal["manual", "automated"]


class LossRecord(Wire):
    """One reported point of a training. `iteration` counts them from 0, `step` counts optimizer updates."""

    iteration: int
    epoch: int = Field(
        description="The pass over the dataset this step belongs to, from 1; 0 when the run reports none."
    )
    step: int
    train_loss: float | None = Field(description="Null when the value was not finite.")
    validation_loss: float | None = Field(
        description="Value of the last evaluation at that point; null before the first."
    )
    learning_rate: float | None
    batch_size: int | None = Field(description="As configured; null if the run does not report it.")


class GpuProcessSample(Wire):
    """A process on a GPU."""

    pid: int
    vram_used_gb: float | None


class GpuSample(Wire):
    """One GPU. Percent 0-100, GiB, degrees Celsius, watts; null where the GPU does not report a value."""

    index: int
    name: str
    gpu_percent: float | None
    vram_used_gb: float | None
    vram_total_gb: float | None
    gpu_temp: float | None
    power_watts: float | None
    processes: list[GpuProcessSample] = Field(
        default_factory=list, description="Processes on the GPU, sorted by memory, largest first."
    )


class ResourceNumbers(Wire):
    """The fields of a resource record that live messages contain."""

    cpu_percent: float
    gpu_percent: float = Field(description="Mean over all GPUs; 0.0 without a GPU, see `gpu_available`.")
    ram_used_gb: float = Field(description="GiB (2^30 bytes), as every `_gb`.")
    vram_used_gb: float
    gpu_temp: float | None = Field(description="The hottest GPU.")
    ram_total_gb: float
    vram_total_gb: float
    disk_used_gb: float
    disk_total_gb: float
    cpu_temp: float | None
    network_in_mbps: float = Field(description="Megabits per second.")
    network_out_mbps: float
    gpu_available: bool


class ResourceRecord(ResourceNumbers):
    """One resource sample. `iteration` is the newest training point at that time."""

    iteration: int
    timestamp: Instant
    gpus: list[GpuSample]


class TrainingStatus(Wire):
    """Progress of a job."""

    job_id: str
    status: str
    current_epoch: int
    total_epochs: int
    progress_percent: float
    elapsed_time: str = Field(description="For example `1h 23m 45s`.")
    estimated_remaining: str = Field(
        description="For example `~32m 15s`; `0s` at the end, `unknown` before the first steps."
    )
    current_step: int
    total_steps: int


class MemoryUsage(Wire):
    ram_used: float
    ram_total: float
    vram_used: float
    vram_total: float


class Temperatures(Wire):
    gpu: float | None
    cpu: float | None


class TrainingSummary(Wire):
    """The current state of the focused run and of the machine."""

    training_mode: Mode
    is_completed: bool
    current_iteration: int
    current_epoch: int
    current_step: int
    current_train_loss: float | None
    current_val_loss: float | None
    gpu_utilization: float
    memory_usage: MemoryUsage
    temperatures: Temperatures
    elapsed_time: str = Field(description="For example `1:23:45`.")
    data_point: str = Field(description="Points so far and expected points, for example `146/230`.")
    gpu_available: bool
    job_id: str = Field(description="The focused job, or the run itself when no job belongs to it.")


class TrainingModeView(Wire):
    mode: Mode
    is_completed: bool
    current_iteration: int


class TrainingModeChange(Wire):
    message: str
    mode: Mode
    reset: bool


class MonitorRoot(Wire):
    """Response of `GET /`."""

    message: str
    status: str
    training_mode: Mode
    data_points: int
    is_completed: bool
    current_iteration: int
    uptime_seconds: float


class TrainingMessage(Wire):
    """One message of `/ws/training/{job_id}`: a training point with a resource sample."""

    job_id: str
    timestamp: Instant
    training_mode: Mode
    is_completed: bool
    training: LossRecord
    resources: ResourceNumbers
    iteration: int
    total: int
    seq: int = Field(description="Resume with `?after=` this.")
    status: str
    metrics: dict[str, float | str | None] = Field(description="Every metric of that step.")
