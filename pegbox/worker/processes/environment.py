"""What a command finds in its environment."""

from __future__ import annotations

from collections.abc import Mapping

from pegbox.schemas.jobs.command import DEVICES
from pegbox.schemas.jobs.queue import CommandSpec
from pegbox.worker.gpus import visible
from pegbox.worker.identity import WorkerIdentity

WITHHELD = ("PEGBOX_TOKEN", "PEGBOX_DATABASE_URL", "PEGBOX_SUPERVISED")
"""The worker's own keys to the services are no business of what it runs."""


def environment_of(job: CommandSpec, identity: WorkerIdentity, own: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment, what tells the command who it is, what the job sets, and on top the GPUs that are the job's.

    Without GPUs of its own the job may set CUDA_VISIBLE_DEVICES itself; if it does not, it sees none.
    """
    inherited = {name: value for name, value in own.items() if name not in WITHHELD}
    about = {
        "PYTHONUNBUFFERED": "1",
        "PEGBOX_JOB_ID": job.id,
        "PEGBOX_JOB_UID": job.uid,
        "PEGBOX_RUN_ID": job.run_id,
        "PEGBOX_EXPERIMENT": job.experiment,
        "PEGBOX_MONITOR_URL": identity.monitor_url,
        DEVICES: "",
    }
    leased = {DEVICES: visible(job.devices)} if job.devices else {}
    return {**inherited, **about, **job.environment, **leased}
