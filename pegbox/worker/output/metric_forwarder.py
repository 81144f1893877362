"""Forwards the metric points of a command job to the monitor without blocking the command."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue
from typing import Any

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.environment import masked
from pegbox.schemas.jobs.queue import CommandSpec
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.output.metric_lines import MetricPoint

log = logging.getLogger("pegbox.worker")

DELIVERY_SECONDS = 5.0
"""How long `finish` waits for an unreachable monitor. Undelivered points remain in the outbox on disk."""

START_SECONDS = 40.0
"""How long a monitor that accepts connections and does not answer can delay `finish`."""


class MetricForwarder:
    """Starts the job's run and logs points to it, in a thread of its own.

    `accepted` and `refused` count the points that the run took and those that it rejected.
    """

    def __init__(self, identity: WorkerIdentity, job: CommandSpec) -> None:
        self.accepted = 0
        self.refused = 0
        self._identity = identity
        self._job = job
        self._entries: SimpleQueue[MetricPoint | str] = SimpleQueue()
        self._thread = threading.Thread(target=self._forward, name="pegbox-metric-forwarder", daemon=True)
        self._thread.start()

    def log(self, point: MetricPoint) -> None:
        """Queues a point and returns at once."""
        self._entries.put(point)

    def finish(self, status: str) -> None:
        """Ends the run with `status`. Returns when all points are delivered or on disk."""
        self._entries.put(status)
        self._thread.join(START_SECONDS + DELIVERY_SECONDS)

    def _forward(self) -> None:
        from pegbox.sdk.recording.create import create_run

        identity = self._identity
        try:
            run = create_run(
                identity.monitor_url,
                identity.token,
                self._run_fields(),
                identity.home / "worker" / "outbox",
                require_monitor=False,
            )
        except (PegboxError, OSError) as error:
            log.warning("job %s: no run is recorded: %s", self._job.uid, error)
            return
        while not isinstance(entry := self._entries.get(), str):
            try:
                run.log(entry.values, entry.step)
            except ValueError:
                self.refused += 1
            else:
                self.accepted += 1
        run.finish(entry, DELIVERY_SECONDS)

    def _run_fields(self) -> dict[str, Any]:
        job = self._job
        return {
            "id": job.run_id,
            "job_uid": job.uid,
            "name": job.name,
            "experiment": job.experiment,
            "config": {
                "argv": job.argv,
                "environment": masked(job.environment),
                "gpus": [device.index for device in job.devices],
            },
            "tags": job.tags,
            "resume": "allow",
        }
