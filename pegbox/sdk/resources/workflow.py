"""The workflow session of the wizard and saved hyperparameter configurations."""

from __future__ import annotations

from typing import Any

from pegbox.sdk.call import Call, quote_segment, read_record
from pegbox.sdk.records import Record
from pegbox.sdk.resource import AsyncResource, Resource, endpoint


class WorkflowCalls:
    """`client.workflow`."""

    @endpoint
    def get(self) -> Call[Record]:
        """The current selections."""
        return Call("GET", "/api/metadata", read_record(Record))

    @endpoint
    def update(self, /, **selections: Any) -> Call[Record]:
        """Replaces the given selections."""
        return Call("POST", "/api/metadata", read_record(Record), body=selections)

    @endpoint
    def configuration(self) -> Call[Record]:
        """The selections with the records that they refer to."""
        return Call("GET", "/api/job-configuration", read_record(Record))

    @endpoint
    def validate(self) -> Call[Record]:
        """Whether a job can be created from the selections, and what is missing."""
        return Call("GET", "/api/job-configuration/validate", read_record(Record))

    @endpoint
    def hyperparameters(self, uid: str) -> Call[Record]:
        """A saved configuration. Raises NotFoundError."""
        return Call("GET", f"/api/hyperparameter-config/{quote_segment(uid)}", read_record(Record))

    @endpoint
    def best_hyperparameters(self, mode: str = "manual") -> Call[Record]:
        """The best configuration so far, `manual` or `automated`. Raises NotFoundError."""
        return Call("GET", "/api/configurations/best", read_record(Record), params={"mode": mode})


class Workflow(WorkflowCalls, Resource):
    """Blocking."""


class AsyncWorkflow(WorkflowCalls, AsyncResource):
    """Async."""
