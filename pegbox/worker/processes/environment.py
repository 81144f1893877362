"""The environment variables of a command."""

from __future__ import annotations

from collections.abc import Mapping

from pegbox.schemas.jobs.command import DEVICES
from pegbox.schemas.jobs.queue import CommandSpec
from pegbox.worker.gpus import cuda_visible_devices
from pegbox.worker.identity import WorkerIdentity

WITHHELD = ("PEGBOX_TOKEN", "PEGBOX_DATABASE_URL", "PEGBOX_SUPERVISED")
"""Variables of the worker that commands do not inherit: its credentials for the services, and its supervision."""


def command_environment(job: CommandSpec, identity: WorkerIdentity, inherited: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment, overridden by the ids of the job, then the job's own variables, then its leased GPUs.

    A job without leased GPUs sees none, unless it sets CUDA_VISIBLE_DEVICES itself.
    """
    kept = {name: value for name, value in inherited.items() if name not in WITHHELD}
    ids = {
        "PYTHONUNBUFFERED": "1",
        "PEGBOX_JOB_ID": job.id,
        "PEGBOX_JOB_UID": job.uid,
        "PEGBOX_RUN_ID": job.run_id,
        "PEGBOX_EXPERIMENT": job.experiment,
        "PEGBOX_MONITOR_URL": identity.monitor_url,
        DEVICES: "",
    }
    leased = {DEVICES: cuda_visible_devices(job.devices)} if job.devices else {}
    return {**kept, **ids, **job.environment, **leased}
