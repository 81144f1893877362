"""The wizard's picks and the kept configurations of hyperparameters."""

from __future__ import annotations

from typing import Any

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, one, segment
from pegbox.sdk.record import Record


class WorkflowCalls:
    """`client.workflow`."""

    @endpoint
    def get(self) -> Call[Record]:
        """What was picked so far."""
        return Call("GET", "/api/metadata", one(Record))

    @endpoint
    def update(self, /, **picks: Any) -> Call[Record]:
        """Replaces the given keys."""
        return Call("POST", "/api/metadata", one(Record), body=picks)

    @endpoint
    def configuration(self) -> Call[Record]:
        """The picks with what they stand for."""
        return Call("GET", "/api/job-configuration", one(Record))

    @endpoint
    def validate(self) -> Call[Record]:
        """Whether a job can be made of the picks, and what is missing."""
        return Call("GET", "/api/job-configuration/validate", one(Record))

    @endpoint
    def hyperparameters(self, uid: str) -> Call[Record]:
        """A kept configuration. Raises NotFoundError."""
        return Call("GET", f"/api/hyperparameter-config/{segment(uid)}", one(Record))

    @endpoint
    def best_hyperparameters(self, mode: str = "manual") -> Call[Record]:
        """The best configuration so far, `manual` or `automated`. Raises NotFoundError."""
        return Call("GET", "/api/configurations/best", one(Record), params={"mode": mode})


class Workflow(WorkflowCalls, Resource):
    """Of a blocking client."""


class AsyncWorkflow(WorkflowCalls, AsyncResource):
    """Of an async client."""
