"""The run of a command job: its metric points on their way to the monitor, never in the way of the command."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue
from typing import Any

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.environment import masked
from pegbox.schemas.jobs.queue import CommandSpec
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.output.metric_lines import Point

log = logging.getLogger("pegbox.worker")

DELIVERY_SECONDS = 5.0
"""How long the end waits for a monitor that is away; what it does not get now waits in the outbox."""

OPENING_SECONDS = 40.0
"""A monitor that accepts and does not answer holds up the record for so long, and the job not at all."""


class RunRecord:
    """Opens the run in a thread of its own. `refused` counts points that the run did not take."""

    def __init__(self, identity: WorkerIdentity, job: CommandSpec) -> None:
        self.taken = 0
        self.refused = 0
        self._identity = identity
        self._job = job
        self._entries: SimpleQueue[Point | str] = SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="pegbox-run-record", daemon=True)
        self._thread.start()

    def log(self, point: Point) -> None:
        """Takes a point; nothing is waited for."""
        self._entries.put(point)

    def finish(self, status: str) -> None:
        """Ends the run; returns once its points are delivered, or safe on disk."""
        self._entries.put(status)
        self._thread.join(OPENING_SECONDS + DELIVERY_SECONDS)

    def _deliver(self) -> None:
        from pegbox.sdk.recording.create import create_run

        identity = self._identity
        try:
            run = create_run(
                identity.monitor_url,
                identity.token,
                self._create(),
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
                self.taken += 1
        run.finish(entry, DELIVERY_SECONDS)

    def _create(self) -> dict[str, Any]:
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
