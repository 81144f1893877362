"""Records with ids count once, in whatever batches they are repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from monitor.app import create_app
from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.columns import Columns
from monitor.metrics.log.media import Text
from monitor.metrics.log.records import Event, Media
from monitor.metrics.log.store import LoggedBatch
from pegbox.settings import Settings
from tests.monitor.cast import create_run
from tests.stack import wait_until


def identity(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little", signed=True)


def batch(steps: list[int], *, shown: tuple[int, ...] = (), events: tuple[str, ...] = ()) -> LoggedBatch:
    """A point per step; steps in `shown` also have a text with the same id."""
    return LoggedBatch(
        first_seq=0,
        run_id="run-alpha",
        writer="foreign",
        sequence=-1,
        rewind_to=None,
        columns=Columns.from_lists(steps, [float(step) for step in steps], {"m": [step / 2 for step in steps]}),
        events=[Event(1.0, "note", title) for title in events],
        media=[Media(step, 1.0, "text", Text(f"at {step}")) for step in shown],
        record_ids=[
            *(identity(f"step {step}") for step in steps),
            *(identity(f"event {title}") for title in events),
            *(identity(f"step {step}") for step in shown),
        ],
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=f"http://127.0.0.1:{settings.monitor_port}") as client:
        create_run(client)
        yield client


def writer_for(client: TestClient) -> Writer:
    writer: Writer = client.app.state.monitor.writer  # type: ignore[attr-defined]
    return writer


def count(client: TestClient) -> int:
    """Reads the run list after the delayed update of the run row."""
    return int(client.get("/api/runs/run-alpha").json()["record_count"])


def steps_of(client: TestClient) -> list[int]:
    found: list[int] = client.get("/api/runs/run-alpha/series").json()["series"]["m"]["x"]
    return found


def test_other_groups_of_the_same_records_add_nothing(client: TestClient) -> None:
    writer = writer_for(client)
    writer.submit(batch([1, 2], shown=(2,), events=("a",))).result()
    writer.submit(batch([3])).result()
    accepted = writer.submit(batch([1, 2, 3, 4], shown=(2, 4), events=("a", "b"))).result()
    assert not accepted.is_duplicate
    assert steps_of(client) == [1, 2, 3, 4]
    wait_until(lambda: count(client) == 4)
    assert [item["step"] for item in client.get("/api/runs/run-alpha/media").json()] == [2, 4]
    assert [event["title"] for event in client.get("/api/runs/run-alpha/events").json()] == ["a", "b"]


def test_nothing_new_is_a_duplicate(client: TestClient) -> None:
    writer = writer_for(client)
    first = writer.submit(batch([1, 2])).result()
    again = writer.submit(batch([2, 1])).result()
    assert again.is_duplicate
    assert again.seq == first.seq


def test_the_same_records_twice_in_one_commit(client: TestClient) -> None:
    writer = writer_for(client)
    for future in [writer.submit(batch([1, 2])), writer.submit(batch([2, 3])), writer.submit(batch([1, 2, 3]))]:
        future.result()
    wait_until(lambda: count(client) == 3)
    assert steps_of(client) == [1, 2, 3]


def test_after_a_restart(settings: Settings, client: TestClient) -> None:
    writer_for(client).submit(batch([1, 2])).result()
    with TestClient(create_app(settings), base_url=f"http://127.0.0.1:{settings.monitor_port}") as restarted:
        writer_for(restarted).submit(batch([1, 2, 3])).result()
        assert steps_of(restarted) == [1, 2, 3]


def test_a_failed_commit_forgets_the_ids(client: TestClient) -> None:
    """A rejected batch may be sent again."""
    writer = writer_for(client)
    broken = batch([1, 2])
    broken.events = [Event(1.0, "note", None)]  # type: ignore[arg-type]  # the database takes no event without a title
    broken.record_ids = [*(broken.record_ids or ()), identity("event")]
    broken.count += 1
    with pytest.raises(Exception, match="NOT NULL"):
        writer.submit(broken).result()
    writer.submit(batch([1, 2])).result()
    assert steps_of(client) == [1, 2]
