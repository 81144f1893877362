"""The queue as a worker uses it: claim a job, renew its lease, report its end."""

from __future__ import annotations

from pathlib import Path

from pegbox.errors import ConflictError, LeaseLostError
from pegbox.schemas.jobs.queue import (
    ClaimRequest,
    ClaimResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    ReportRequest,
    ReportResponse,
)
from pegbox.sdk.resource import BlockingClient

RESPONSE_SECONDS = 10.0
LEAVE_SECONDS = 2.0


class Queue:
    """The queue endpoints of the backend. Methods raise `LeaseLostError` when another worker holds the job."""

    def __init__(self, client: BlockingClient) -> None:
        self._client = client

    def claim(self, request: ClaimRequest) -> ClaimResponse | None:
        """The next job, or `None` when no job became ready within `request.wait_seconds`."""
        body = request.model_dump(mode="json")
        response = self._client.request(
            "POST", "/api/queue/claim", json=body, timeout=request.wait_seconds + RESPONSE_SECONDS
        )
        return None if response.status_code == 204 else ClaimResponse.model_validate_json(response.content)

    def heartbeat(self, uid: str, request: HeartbeatRequest) -> HeartbeatResponse:
        """Renews the lease. The response says whether to continue, pause or cancel the job."""
        return HeartbeatResponse.model_validate_json(self._post(uid, "heartbeat", request.model_dump(mode="json")))

    def report(self, uid: str, request: ReportRequest) -> ReportResponse:
        """Reports how the attempt ended. A repeated report has no effect."""
        return ReportResponse.model_validate_json(self._post(uid, "report", request.model_dump(mode="json")))

    def leave(self, worker_id: str) -> None:
        """Unregisters a worker. Raises NotFoundError for a worker that never claimed."""
        self._client.request("POST", f"/api/workers/{worker_id}/leave", timeout=LEAVE_SECONDS)

    def fetch_dataset(self, uid: str, claim_token: str, target: Path) -> None:
        """Writes the job's CSV file to `target`."""
        params = {"claim_token": claim_token}
        with (
            target.open("wb") as file,
            self._client.stream("GET", f"/api/queue/{uid}/dataset", params=params) as response,
        ):
            for chunk in response.iter_bytes():
                file.write(chunk)

    def _post(self, uid: str, verb: str, body: dict[str, object]) -> bytes:
        try:
            response = self._client.request("POST", f"/api/queue/{uid}/{verb}", json=body, timeout=RESPONSE_SECONDS)
        except LeaseLostError:
            raise
        except ConflictError as error:
            raise LeaseLostError(error.message) from error
        return response.content
