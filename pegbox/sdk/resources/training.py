"""The run that the monitor follows: losses, progress, resources."""

from __future__ import annotations

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, one, segment
from pegbox.sdk.record import Record

ROOT = "/api/training"


class TrainingCalls:
    """`client.training`. Raises UnavailableError while there is nothing to show."""

    @endpoint
    def losses(self, *, last: int | None = None) -> Call[Record]:
        """The newest loss records."""
        return Call("GET", f"{ROOT}/losses", one(Record), params={"last_n": last}, at_monitor=True)

    @endpoint
    def summary(self) -> Call[Record]:
        """The training in one object."""
        return Call("GET", f"{ROOT}/summary", one(Record), at_monitor=True)

    @endpoint
    def status(self, uid: str) -> Call[Record]:
        """How far a job is. Raises NotFoundError."""
        return Call("GET", f"{ROOT}/status/{segment(uid)}", one(Record), at_monitor=True)

    @endpoint
    def resources(self, *, last: int | None = None) -> Call[Record]:
        """The newest readings of the machine."""
        return Call("GET", f"{ROOT}/resources", one(Record), params={"last_n": last}, at_monitor=True)

    @endpoint
    def mode(self) -> Call[Record]:
        """`manual` or `automated`."""
        return Call("GET", f"{ROOT}/mode", one(Record), at_monitor=True)

    @endpoint
    def set_mode(self, mode: str) -> Call[Record]:
        """Follows single trainings (`manual`) or those of a study (`automated`)."""
        return Call("POST", f"{ROOT}/mode/{segment(mode)}", one(Record), body={}, at_monitor=True)


class Training(TrainingCalls, Resource):
    """Of a blocking client."""


class AsyncTraining(TrainingCalls, AsyncResource):
    """Of an async client."""
