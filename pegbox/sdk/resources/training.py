"""The current training as the monitor shows it: losses, progress, resources."""

from __future__ import annotations

from pegbox.sdk.call import Call, quote_segment, read_record
from pegbox.sdk.records import Record
from pegbox.sdk.resource import AsyncResource, Resource, endpoint

ROOT = "/api/training"


class TrainingCalls:
    """`client.training`. Methods raise UnavailableError while there is no training to show."""

    @endpoint
    def losses(self, *, last: int | None = None) -> Call[Record]:
        """The newest loss records."""
        return Call("GET", f"{ROOT}/losses", read_record(Record), params={"last_n": last}, at_monitor=True)

    @endpoint
    def summary(self) -> Call[Record]:
        """A summary of the current training."""
        return Call("GET", f"{ROOT}/summary", read_record(Record), at_monitor=True)

    @endpoint
    def status(self, uid: str) -> Call[Record]:
        """The progress of a job. Raises NotFoundError."""
        return Call("GET", f"{ROOT}/status/{quote_segment(uid)}", read_record(Record), at_monitor=True)

    @endpoint
    def resources(self, *, last: int | None = None) -> Call[Record]:
        """The newest resource samples of the machine."""
        return Call("GET", f"{ROOT}/resources", read_record(Record), params={"last_n": last}, at_monitor=True)

    @endpoint
    def mode(self) -> Call[Record]:
        """The mode: `manual` or `automated`."""
        return Call("GET", f"{ROOT}/mode", read_record(Record), at_monitor=True)

    @endpoint
    def set_mode(self, mode: str) -> Call[Record]:
        """Shows single trainings (`manual`) or the trials of a study (`automated`)."""
        return Call("POST", f"{ROOT}/mode/{quote_segment(mode)}", read_record(Record), body={}, at_monitor=True)


class Training(TrainingCalls, Resource):
    """Blocking."""


class AsyncTraining(TrainingCalls, AsyncResource):
    """Async."""
