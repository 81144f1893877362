"""Jobs: fine-tunings and commands."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from pegbox.errors import UnavailableError
from pegbox.sdk.call import Call, quote_segment, read_nothing, read_record, read_records, read_text
from pegbox.sdk.records import Job, JobAction, JobOutcome, JobStatistics, MetricPoint
from pegbox.sdk.resource import AsyncResource, Resource, endpoint
from pegbox.sdk.resources.metric_stream import stream_points, stream_points_async

RECONNECT_SECONDS = 1.0
ROOT = "/api/jobs"


class JobCalls:
    """`client.jobs`. Every method accepts a job's uid or its id."""

    @endpoint
    def get(self, uid: str) -> Call[Job]:
        """One job. Raises NotFoundError."""
        return Call("GET", f"{ROOT}/{quote_segment(uid)}", read_record(Job))

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
        """Creates a job and, unless `auto_start` is false, queues it.

        Takes either a `command` to run (a shell script if `shell` is set), or the uids of a `model` and a `dataset` to fine-tune
        with. The job belongs to the `experiment` of that name, by default to one with the job's name. The server chooses what is
        not given. Raises ValidationError that names what does not exist or cannot run.
        """
        options: dict[str, Any] = {"gpu_count": gpu_count, "priority": priority, "depends_on": depends_on}
        options |= {"environment": environment, "max_retries": max_retries, "timeout_seconds": timeout_seconds}
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": list(tags),
            "experiment": experiment,
            "autoStart": auto_start,
            **{key: value for key, value in options.items() if value is not None},
        }
        if command is not None:
            body |= {"command": command, "shell": shell}
        if model is not None or dataset is not None or command is None:
            body["configuration"] = {
                # Without a name the backend uses the name of the model or dataset.
                "model": {"uid": model},
                "dataset": {"uid": dataset},
                "hyperparameters": dict(hyperparameters or {}),
            }
            body["modelSaving"] = {"saveModel": True, "modelName": model_name or name}
        return Call("POST", ROOT, read_record(Job, "job"), body=body, params={"strict": "true"})

    @endpoint
    def clone(self, uid: str, /, **changes: Any) -> Call[Job]:
        """Creates a copy of a job; keywords replace fields of its request, e.g. `priority=5`."""
        return Call("POST", f"{ROOT}/{quote_segment(uid)}/clone", read_record(Job, "job"), body=changes)

    @endpoint
    def restart(self, uid: str) -> Call[Job]:
        """Runs an ended job again, as a new job. Raises ConflictError for a job that has not ended."""
        return Call("POST", f"{ROOT}/{quote_segment(uid)}/restart", read_record(Job, "job"), body={})

    @endpoint
    def start(self, uid: str) -> Call[JobAction]:
        """Queues a created job."""
        return _command(uid, "start")

    @endpoint
    def pause(self, uid: str) -> Call[JobAction]:
        """Requests that a job pauses: it finishes its step and saves a checkpoint."""
        return _command(uid, "pause")

    @endpoint
    def resume(self, uid: str) -> Call[JobAction]:
        """Queues a paused job again; it continues from its checkpoint."""
        return _command(uid, "resume")

    @endpoint
    def cancel(self, uid: str) -> Call[JobAction]:
        """Requests that a job ends after its step."""
        return _command(uid, "cancel")

    @endpoint
    def archive(self, uid: str) -> Call[JobAction]:
        """Hides an ended job from the dashboard's list; deletes nothing."""
        return _command(uid, "archive")

    @endpoint
    def restore(self, uid: str) -> Call[JobAction]:
        """Shows an archived job in the list again."""
        return _command(uid, "restore")

    @endpoint
    def remove(self, uid: str) -> Call[None]:
        """Deletes an ended job and its files."""
        return Call("DELETE", f"{ROOT}/{quote_segment(uid)}", read_nothing)

    @endpoint
    def result(self, uid: str) -> Call[JobOutcome]:
        """The outcome of an ended job: `result` (answers before and after, metrics, model path) or `error`."""
        return Call("GET", f"{ROOT}/{quote_segment(uid)}/result", read_record(JobOutcome))

    @endpoint
    def logs(self, uid: str, *, stream: str = "stdout", tail: int | None = None) -> Call[str]:
        """The output of a job: `stdout` or `stderr`, all of it or the last `tail` lines."""
        params = {"stream": stream, "tail": tail}
        return Call("GET", f"{ROOT}/{quote_segment(uid)}/logs", read_text, params=params, accept="text/plain")

    @endpoint
    def statistics(self) -> Call[JobStatistics]:
        """The number of jobs in each state."""
        return Call("GET", f"{ROOT}/statistics", read_record(JobStatistics))

    @endpoint
    def list(
        self, *, status: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> Call[list[Job]]:
        """Jobs, newest first: at most 1,000, or the page that `limit` and `offset` select."""
        return Call("GET", ROOT, read_records(Job, "jobs"), params={"status": status, "limit": limit, "offset": offset})


class Jobs(JobCalls, Resource):
    """Blocking."""

    def stream_metrics(self, uid: str, *, after: int = 0) -> Iterator[MetricPoint]:
        """Yields all points of a job after the cursor `after`, from the first by default, until the job ends.

        Waits for a queued job, and reconnects after outages without losing points. Raises NotFoundError.
        """
        return stream_points(self._client, uid, after)

    def follow_log(self, uid: str, *, stream: str = "stdout") -> Iterator[bytes]:
        """Yields the output of a job from the beginning until the job ends. Reconnects after outages of the backend."""
        offset = 0
        while True:
            params = {"stream": stream, "follow": "true", "offset": offset}
            try:
                with self._client.stream("GET", f"{ROOT}/{quote_segment(uid)}/logs", params=params) as response:
                    for chunk in response.iter_bytes():
                        offset += len(chunk)
                        yield chunk
                return
            except UnavailableError:
                time.sleep(RECONNECT_SECONDS)


class AsyncJobs(JobCalls, AsyncResource):
    """Async."""

    def stream_metrics(self, uid: str, *, after: int = 0) -> AsyncIterator[MetricPoint]:
        """As `Jobs.stream_metrics`, for `async for`."""
        return stream_points_async(self._client, uid, after)


def _command(uid: str, verb: str) -> Call[JobAction]:
    return Call("POST", f"{ROOT}/{quote_segment(uid)}/{verb}", read_record(JobAction), body={})
