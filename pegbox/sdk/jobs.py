"""Jobs of one Pegbox: fine-tunings and commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, segment, text
from pegbox.sdk.metric_stream import follow, follow_async
from pegbox.sdk.records import Job, JobAction, JobOutcome, JobStatistics, MetricPoint

if TYPE_CHECKING:
    from pegbox.sdk.async_client import AsyncClient
    from pegbox.sdk.client import Client

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
        command: str | None = None,
        model: str | None = None,
        dataset: str | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        model_name: str | None = None,
        description: str = "",
        tags: tuple[str, ...] = (),
        experiment: str | None = None,
        auto_start: bool = True,
        gpu_count: int | None = None,
        priority: int | None = None,
        environment: Mapping[str, str] | None = None,
        depends_on: Sequence[str] | None = None,
    ) -> Call[Job]:
        """Creates a job and, unless told otherwise, queues it; answers with the job.

        Either a `command` to run, or a `model` and a `dataset` (uids) to fine-tune with. It joins the `experiment` of this
        name, else the one of its own name. What is not given is left to the server. Raises ValidationError naming what cannot
        be resolved.
        """
        wishes = {"gpu_count": gpu_count, "priority": priority, "environment": environment, "depends_on": depends_on}
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": list(tags),
            "experiment": experiment,
            "autoStart": auto_start,
            **{key: value for key, value in wishes.items() if value is not None},
        }
        if command is not None:
            body["command"] = command
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
