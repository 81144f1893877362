"""Calls every endpoint of a running backend once and prints the responses. Deletes what it creates.

    python test-scripts/smoke_api.py                       # http://127.0.0.1:8000
    PEGBOX_URL=http://box:8000 PEGBOX_TOKEN=… python test-scripts/smoke_api.py

Ends with 1 when an answer has another status than it should. No job of it is ever started.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import httpx2

CSV = b"input,output\n" + b"".join(b"What is %d plus %d?,%d\n" % (n, n, n + n) for n in range(20))


class Smoke:
    """Counts the expected responses."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        self.failed = 0

    def ask(self, method: str, path: str, *expected: int, **request: Any) -> Any:
        """Sends one request; returns the decoded JSON, or `None`."""
        begun = time.monotonic()
        answer = self.client.request(method, path, **request)
        milliseconds = (time.monotonic() - begun) * 1000
        is_well = answer.status_code in (expected or (200,))
        self.failed += not is_well
        print(f"{'ok  ' if is_well else 'FAIL'} {answer.status_code} {milliseconds:6.0f} ms  {method:6} {path}")
        if not is_well:
            print(f"     {answer.text[:300]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else None


def look(smoke: Smoke) -> None:
    """Calls the endpoints that change nothing."""
    for path in (
        "/",
        "/api/health",
        "/api/models",
        "/api/models/check/starter",
        "/api/models/starter",
        "/api/datasets",
        "/api/jobs",
        "/api/jobs/current",
        "/api/jobs/past",
        "/api/jobs/statistics",
        "/api/metadata",
        "/api/job-configuration",
        "/api/job-configuration/validate",
        "/api/hyperparameter-config",
        "/api/hyperparameter-config/0000005k00080003000g002s",
        "/api/workers",
        "/openapi.json",
    ):
        smoke.ask("GET", path)
    smoke.ask("GET", "/api/configurations/best?mode=manual", 200, 404)
    smoke.ask("GET", "/api/models/search?query=gpt2&limit=3", 200, 503)
    smoke.ask("GET", "/api/no-such-path", 404)
    smoke.ask("POST", "/api/jobs", 422, json={"name": "neither form"})


def work(smoke: Smoke) -> None:
    """Creates and removes a dataset, a model and a job."""
    mark = f"smoke {int(time.time())}"
    preview = smoke.ask("POST", "/api/preview-csv", files={"file": ("smoke.csv", CSV)})
    dataset = smoke.ask("POST", "/api/datasets", 201, json={"name": mark, "sha256": preview["sha256"]})
    uid = dataset["uid"]
    for path in (f"/api/datasets/{uid}", f"/api/dataset-by-uid/{uid}", f"/api/datasets/{uid}/rows?limit=3"):
        smoke.ask("GET", path)
    smoke.ask("GET", f"/api/datasets/{uid}/file")
    smoke.ask("GET", f"/api/datasets/{uid}/versions")
    smoke.ask("PUT", f"/api/datasets/{uid}", json={"description": "made by the smoke test"})

    model_id = f"smoke-test/{int(time.time())}"
    model = smoke.ask("POST", "/api/models", 201, json={"id": model_id})["model"]
    smoke.ask("GET", f"/api/model-by-uid/{model['uid']}")
    smoke.ask("POST", "/api/models", 409, json={"id": model_id})
    smoke.ask("DELETE", f"/api/models/{model_id}")

    configuration = {"model": {"uid": "starter"}, "dataset": {"uid": uid}, "hyperparameters": {"epochs": 1}}
    body = {"name": mark, "configuration": configuration, "autoStart": False}
    job = smoke.ask("POST", "/api/jobs", 201, json=body)["uid"]
    for path in (f"/api/jobs/{job}", f"/api/jobs/{job}/logs", f"/api/jobs/{job}/result"):
        smoke.ask("GET", path)
    smoke.ask("POST", "/api/jobs/compare", json={"job_ids": [job]})
    for verb in ("pause", "resume"):
        smoke.ask("POST", f"/api/jobs/{job}/{verb}", 409)
    smoke.ask("POST", f"/api/jobs/{job}/cancel")
    smoke.ask("DELETE", f"/api/jobs/{job}")
    smoke.ask("DELETE", f"/api/datasets/{uid}")


def main() -> int:
    token = os.environ.get("PEGBOX_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = os.environ.get("PEGBOX_URL", "http://127.0.0.1:8000")
    with httpx2.Client(base_url=url, headers=headers, timeout=30) as client:
        smoke = Smoke(client)
        try:
            look(smoke)
            work(smoke)
        except httpx2.TransportError as error:
            print(f"{url} does not answer: {error}")
            return 1
    print("all as expected" if not smoke.failed else f"{smoke.failed} answers were not as expected")
    return 1 if smoke.failed else 0


if __name__ == "__main__":
    sys.exit(main())
