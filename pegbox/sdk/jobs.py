"""Jobs of one Pegbox: trainings and commands. Records are the wire's own dictionaries."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pegbox.errors import UnavailableError

if TYPE_CHECKING:
    from pegbox.sdk.client import Client

RECONNECT_SECONDS = 1.0
TERMINAL_STATES = frozenset({"completed", "failed", "cancelled"})


class Jobs:
    """`client.jobs`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, *, status: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """Jobs, newest first; all of them unless limited."""
        jobs: list[dict[str, Any]] = self._client.get("/api/jobs", status=status, limit=limit)["jobs"]
        return jobs

    def get(self, uid: str) -> dict[str, Any]:
        """One job. Raises NotFoundError."""
        job: dict[str, Any] = self._client.get(f"/api/jobs/{uid}")
        return job

    def create(
        self,
        *,
        name: str,
        model: str | None = None,
        dataset: str | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        model_name: str | None = None,
        command: str | None = None,
        shell: bool = False,
        environment: Mapping[str, str] | None = None,
        max_retries: int = 0,
        timeout_seconds: float | None = None,
        gpu_count: int | None = None,
        priority: int = 0,
        depends_on: Sequence[str] = (),
        description: str = "",
        tags: Sequence[str] = (),
        experiment: str | None = None,
        auto_start: bool = True,
    ) -> dict[str, Any]:
        """Creates a job and, unless told otherwise, queues it; answers with the job.

        With `model` and `dataset` (uids) it is a fine-tuning job, with `command` a command job; `shell` makes the command a script.
        The job joins the `experiment` of this name, else the one of its own name. Raises ValidationError naming what cannot be
        resolved or run.
        """
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": list(tags),
            "gpu_count": gpu_count,
            "priority": priority,
            "depends_on": list(depends_on),
            "experiment": experiment,
            "autoStart": auto_start,
        }
        if command is not None:
            body |= {
                "command": command,
                "shell": shell,
                "environment": dict(environment or {}),
                "max_retries": max_retries,
                "timeout_seconds": timeout_seconds,
            }
        if model is not None or dataset is not None:
            body |= {
                "configuration": {
                    # Without a name the backend shows the record's own.
                    "model": {"uid": model},
                    "dataset": {"uid": dataset},
                    "hyperparameters": dict(hyperparameters or {}),
                },
                "modelSaving": {"saveModel": True, "modelName": model_name or name},
            }
        answer: dict[str, Any] = self._client.post("/api/jobs", body, strict="true")
        job: dict[str, Any] = answer["job"]
        return job

    def clone(self, uid: str, **changes: Any) -> dict[str, Any]:
        """A new job like this one; keywords replace keys of its request (`priority=5`)."""
        job: dict[str, Any] = self._client.post(f"/api/jobs/{uid}/clone", changes)["job"]
        return job

    def restart(self, uid: str) -> dict[str, Any]:
        """The same job again as a new one, once it has ended. Raises ConflictError."""
        job: dict[str, Any] = self._client.post(f"/api/jobs/{uid}/restart")["job"]
        return job

    def start(self, uid: str) -> dict[str, Any]:
        """Queues a created job."""
        return self._act(uid, "start")

    def pause(self, uid: str) -> dict[str, Any]:
        """Asks a job to finish its step, save and wait."""
        return self._act(uid, "pause")

    def resume(self, uid: str) -> dict[str, Any]:
        """Queues a paused job again; it goes on from where it stopped."""
        return self._act(uid, "resume")

    def cancel(self, uid: str) -> dict[str, Any]:
        """Asks a job to finish its step and end."""
        return self._act(uid, "cancel")

    def archive(self, uid: str) -> dict[str, Any]:
        """Takes an ended job out of the dashboard's list; nothing of it is lost."""
        return self._act(uid, "archive")

    def restore(self, uid: str) -> dict[str, Any]:
        """Brings an archived job back into the list."""
        return self._act(uid, "restore")

    def remove(self, uid: str) -> None:
        """Deletes an ended job with its files."""
        self._client.request("DELETE", f"/api/jobs/{uid}")

    def result(self, uid: str) -> dict[str, Any]:
        """What an ended job came to: `result` (answers before and after, measures, model path) or `error`."""
        outcome: dict[str, Any] = self._client.get(f"/api/jobs/{uid}/result")
        return outcome

    def logs(self, uid: str, *, stream: str = "stdout", tail: int | None = None) -> str:
        """What the trainer printed (`stdout`) or complained about (`stderr`)."""
        response = self._client.request(
            "GET", f"/api/jobs/{uid}/logs", params={"stream": stream, "tail": tail}, headers={"Accept": "text/plain"}
        )
        return response.text

    def follow_log(self, uid: str, *, stream: str = "stdout") -> Iterator[bytes]:
        """What the job prints, from the beginning and as it comes, until it has ended. An outage of the backend is waited out."""
        offset = 0
        while True:
            params = {"stream": stream, "follow": "true", "offset": offset}
            try:
                with self._client.stream("GET", f"/api/jobs/{uid}/logs", params=params) as response:
                    for piece in response.iter_bytes():
                        offset += len(piece)
                        yield piece
                return
            except UnavailableError:
                time.sleep(RECONNECT_SECONDS)

    def _act(self, uid: str, verb: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.post(f"/api/jobs/{uid}/{verb}")
        return answer
