"""What Prometheus reads on the backend."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.store.tables import Job, Worker, now
from tests.exposition import ReadFamily, read_exposition


def scrape(client: TestClient) -> dict[str, ReadFamily]:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read_exposition(answer.text)


def test_a_new_pegbox_counts_from_zero(backend_client: TestClient) -> None:
    families = scrape(backend_client)
    assert {
        dict(labels)["state"]: value for (_, labels), value in families["pegbox_jobs"].samples.items()
    } == dict.fromkeys(("created", "queued", "running", "paused", "completed", "failed", "cancelled"), 0)
    for name in ("pegbox_queue_depth", "pegbox_queue_oldest_seconds", "pegbox_workers", "pegbox_workers_busy"):
        assert families[name].value() == 0
    assert families["pegbox_build_info"].value(service="backend") == 1
    assert families["process_resident_memory_bytes"].value() > 10 * 2**20
    assert families["process_cpu_seconds_total"].value() > 0
    assert families["process_start_time_seconds"].value() > 1.7e9


def test_jobs_queue_and_workers(db: Session, backend_client: TestClient) -> None:
    moment = now()
    for number, (state, waiting) in enumerate((("queued", 300), ("queued", 20), ("running", 900), ("failed", 9000))):
        uid = f"job_{number}"
        queued_at = moment - timedelta(seconds=waiting)
        db.add(Job(uid=uid, name=uid, state=state, run_id=uid, model_id="m", queued_at=queued_at))
    db.add(Worker(id="idle", last_seen_at=moment))
    db.add(Worker(id="busy", last_seen_at=moment, job_uid="job_2"))
    db.add(Worker(id="gone", last_seen_at=moment - timedelta(hours=1), job_uid="job_3"))
    db.commit()
    families = scrape(backend_client)
    assert families["pegbox_jobs"].value(state="queued") == 2
    assert families["pegbox_jobs"].value(state="running") == 1
    assert families["pegbox_jobs"].value(state="completed") == 0
    assert families["pegbox_queue_depth"].value() == 2
    assert 300 <= families["pegbox_queue_oldest_seconds"].value() < 600
    assert (families["pegbox_workers"].value(), families["pegbox_workers_busy"].value()) == (2, 1)


def test_requests_are_counted_by_template(backend_client: TestClient) -> None:
    for number in range(3):
        backend_client.get(f"/api/jobs/job_{number}")
    backend_client.get("/no/such/thing")
    total = scrape(backend_client)["pegbox_http_requests_total"]
    assert total.value(route="/api/jobs/{uid}", status="404") == 3
    assert total.value(route="unmatched") == 1
