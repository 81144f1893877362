"""Jobs of one Pegbox: fine-tunings and commands."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pegbox.errors import UnavailableError
from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, segment, text
from pegbox.sdk.records import Job, JobAction, JobOutcome, JobStatistics, MetricPoint
from pegbox.sdk.resources.metric_stream import follow, follow_async

if TYPE_CHECKING:
    from pegbox.sdk.async_client import AsyncClient
    from pegbox.sdk.client import Client

RECONNECT_SECONDS = 1.0
TERMINAL_STATES = frozenset({"completed", "failed", "cancelled"})
ALL = "/api/jobs"


class JobCalls:
    """`client.jobs`. A job may be named by its uid or its id."""

    @endpoint
    def get(self, uid: str) -> Call[Job]:
        """One job. Raises NotFoundError."""
        return Call("GET", f"{ALL}/{segment(uid)}", one(Job))

    @endpoint
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
        max_retries: int | None = None,
        timeout_seconds: float | None = None,
        description: str = "",
        tags: Sequence[str] = (),
        experiment: str | None = None,
        auto_start: bool = True,
        gpu_count: int | None = None,
        priority: int | None = None,
        depends_on: Sequence[str] | None = None,
    ) -> Call[Job]:
        """Creates a job and, unless told otherwise, queues it; answers with the job.

        Either a `command` to run (`shell` makes it a script), or a `model` and a `dataset` (uids) to fine-tune with. It joins
        the `experiment` of this name, else the one of its own name. What is not given is left to the server. Raises
        ValidationError naming what cannot be resolved or run.
        """
        wishes: dict[str, Any] = {"gpu_count": gpu_count, "priority": priority, "depends_on": depends_on}
        wishes |= {"environment": environment, "max_retries": max_retries, "timeout_seconds": timeout_seconds}
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": list(tags),
            "experiment": experiment,
            "autoStart": auto_start,
            **{key: value for key, value in wishes.items() if value is not None},
        }
        if command is not None:
            body |= {"command": command, "shell": shell}
        if model is not None or dataset is not None or command is None:
            body["configuration"] = {
                # Without a name the backend shows the record's own.
                "model": {"uid": model},
                "dataset": {"uid": dataset},
                "hyperparameters": dict(hyperparameters or {}),
            }
            body["modelSaving"] = {"saveModel": True, "modelName": model_name or name}
        return Call("POST", ALL, one(Job, "job"), body=body, params={"strict": "true"})

    @endpoint
    def clone(self, uid: str, /, **changes: Any) -> Call[Job]:
        """A new job like this one; keywords replace keys of its request (`priority=5`)."""
        return Call("POST", f"{ALL}/{segment(uid)}/clone", one(Job, "job"), body=changes)

    @endpoint
    def restart(self, uid: str) -> Call[Job]:
        """The same job again as a new one, once it has ended. Raises ConflictError."""
        return Call("POST", f"{ALL}/{segment(uid)}/restart", one(Job, "job"), body={})

    @endpoint
    def start(self, uid: str) -> Call[JobAction]:
        """Queues a created job."""
        return _act(uid, "start")

    @endpoint
    def pause(self, uid: str) -> Call[JobAction]:
        """Asks a job to finish its step, save and wait."""
        return _act(uid, "pause")

    @endpoint
    def resume(self, uid: str) -> Call[JobAction]:
        """Queues a paused job again; it goes on from where it stopped."""
        return _act(uid, "resume")

    @endpoint
    def cancel(self, uid: str) -> Call[JobAction]:
        """Asks a job to finish its step and end."""
        return _act(uid, "cancel")

    @endpoint
    def archive(self, uid: str) -> Call[JobAction]:
        """Takes an ended job out of the dashboard's list; nothing of it is lost."""
        return _act(uid, "archive")

    @endpoint
    def restore(self, uid: str) -> Call[JobAction]:
        """Brings an archived job back into the list."""
        return _act(uid, "restore")

    @endpoint
    def remove(self, uid: str) -> Call[None]:
        """Deletes an ended job with its files."""
        return Call("DELETE", f"{ALL}/{segment(uid)}", nothing)

    @endpoint
    def result(self, uid: str) -> Call[JobOutcome]:
        """What an ended job came to: `result` (answers before and after, measures, model path) or `error`."""
        return Call("GET", f"{ALL}/{segment(uid)}/result", one(JobOutcome))

    @endpoint
    def logs(self, uid: str, *, stream: str = "stdout", tail: int | None = None) -> Call[str]:
        """What the job printed (`stdout`) or complained about (`stderr`)."""
        params = {"stream": stream, "tail": tail}
        return Call("GET", f"{ALL}/{segment(uid)}/logs", text, params=params, accept="text/plain")

    @endpoint
    def statistics(self) -> Call[JobStatistics]:
        """How many jobs there are in which state."""
        return Call("GET", f"{ALL}/statistics", one(JobStatistics))

    @endpoint
    def list(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> Call[list[Job]]:
        """Jobs, newest first: all of them (1,000 at most) unless a page is asked for."""
        return Call("GET", ALL, many(Job, "jobs"), params={"status": status, "limit": limit, "offset": offset})


class Jobs(JobCalls, Resource):
    """Of a blocking client."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._source = client

    def stream_metrics(self, uid: str, *, after: int = 0) -> Iterator[MetricPoint]:
        """Every point of the job from the first on (or behind the cursor `after`), until it ends.

        A job that waits is waited for, and so is a service that is away: the stream goes on where it broke off. Raises
        NotFoundError.
        """
        return follow(self._source, uid, after)

    def follow_log(self, uid: str, *, stream: str = "stdout") -> Iterator[bytes]:
        """What the job prints, from the beginning and as it comes, until it has ended. An outage of the backend is waited out."""
        offset = 0
        while True:
            params = {"stream": stream, "follow": "true", "offset": offset}
            try:
                with self._source.stream("GET", f"{ALL}/{segment(uid)}/logs", params=params) as response:
                    for piece in response.iter_bytes():
                        offset += len(piece)
                        yield piece
                return
            except UnavailableError:
                time.sleep(RECONNECT_SECONDS)


class AsyncJobs(JobCalls, AsyncResource):
    """Of an async client."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(client)
        self._source = client

    def stream_metrics(self, uid: str, *, after: int = 0) -> AsyncIterator[MetricPoint]:
        """As `Jobs.stream_metrics`, for `async for`."""
        return follow_async(self._source, uid, after)


def _act(uid: str, verb: str) -> Call[JobAction]:
    return Call("POST", f"{ALL}/{segment(uid)}/{verb}", one(JobAction), body={})
