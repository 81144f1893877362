"""The list of experiments and the page of one: found, ordered, starred, described; runs of every origin in one table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from backend.app import create_app
from backend.experiments.search import RunSearch, search_runs
from backend.pages.experiments.tags import parse_tags, show_tags
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Experiment, Job, Run, now

HTML = {"Accept": "text/html"}
OURS = ("e1", "e2", "e3")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A backend with the experiments below, for all tests: those that change something do it to ones of their own."""
    settings = Settings(home=tmp_path_factory.mktemp("experiments"))
    with TestClient(create_app(settings), base_url=f"http://127.0.0.1:{settings.port}") as client:
        fill(client)
        yield client


def fill(client: TestClient) -> None:
    """An experiment with a job's run, scripts' runs (one made up, one without numbers), a job that waits; and two others."""
    start = now()
    with open_session(client.app.state.engine) as db:  # type: ignore[attr-defined]
        db.add(
            Experiment(id="e1", name="Vision", description="Look\nat things", tags={"task": "images", "draft": True})
        )
        db.add(Experiment(id="e2", name="Speech <b>", starred=True, created_at=start - timedelta(days=2)))
        db.add(Experiment(id="e3", name="Empty", created_at=start - timedelta(days=1)))
        for uid, run_id, name, state in (("job_1", "r1", "By a job", "completed"), ("job_2", "r9", "Waits", "queued")):
            db.add(
                Job(uid=uid, name=name, run_id=run_id, model_id="m", configuration={}, state=state, experiment_id="e1")
            )
        db.flush()
        made = iter(start + timedelta(seconds=second) for second in range(10))
        runs = (
            Run(id="r1", name="job run", job_uid="job_1", summary={"train_loss": 0.3}, config={"lr": 0.1, "net": 1}),
            Run(
                id="r2",
                name="Script 100%",
                status="finished",
                summary={"train_loss": 0.2},
                config={"lr": 0.2, "net": 1},
            ),
            Run(
                id="r3", name="Odd", status="failed", summary={"train_loss": float("nan")}, config={"lr": 0.2, "net": 1}
            ),
            Run(id="r4", name="Pretended", tags=["demo"], summary={"train_loss": 0.01}, config={"lr": 0.2, "net": 1}),
        )
        for run in runs:
            run.experiment_id, run.created_at = "e1", next(made)
            db.add(run)
        db.add(Run(id="r5", experiment_id="e2", name="Other", summary={"accuracy": 0.5}))
        db.commit()


def found(client: TestClient, **search: object) -> tuple[list[str], dict[str, int]]:
    with open_session(client.app.state.engine) as db:  # type: ignore[attr-defined]
        entries, counts = search_runs(db, "e1", RunSearch(**search), limit=50, offset=0)  # type: ignore[arg-type]
    return [str(entry.job_uid) if entry.waiting else entry.run_id for entry in entries], counts


def rows_of(text: str) -> list[str]:
    return re.findall(r'<tr data-key="([^"]*)">', text)


def test_runs_in_every_order(records: TestClient) -> None:
    assert found(records, order="metric:train_loss", descending=False)[0][:3] == ["r4", "r2", "r1"]
    assert found(records, order="metric:train_loss", descending=True)[0][:3] == ["r1", "r2", "r4"]
    assert found(records, order="name", descending=False)[0] == ["r1", "r3", "r4", "r2", "job_2"]
    assert set(found(records)[0]) == {"r1", "r2", "r3", "r4", "job_2"}
    assert found(records, order='metric:nobody\'s "metric"', descending=False)[0] == found(records)[0]


def test_runs_are_found_by_words_and_state(records: TestClient) -> None:
    assert found(records, words="100% script") == (["r2"], {"completed": 1})
    assert found(records, words="_") == ([], {})
    ids, counts = found(records, state="completed")
    assert set(ids) == {"r1", "r2"}
    assert counts == {"completed": 2, "failed": 1, "running": 1, "queued": 1}


def test_the_list(records: TestClient) -> None:
    text = records.get("/experiments", headers=HTML).text
    assert [id for id in rows_of(text) if id in OURS] == [
        "e2",
        "e1",
        "e3",
    ]  # the one with a star first, then the newest
    assert "Speech &lt;b&gt;" in text
    assert re.search(r"0\.200 <small class=\"muted\">train loss", text)  # neither made up nor NaN
    assert "task: images" in text
    by_runs = rows_of(records.get("/experiments?sort=-runs", headers=HTML).text)
    assert [id for id in by_runs if id in OURS] == ["e2", "e1", "e3"]
    for order in ("active", "-active"):  # what was never active comes last either way
        by_activity = rows_of(records.get(f"/experiments?sort={order}", headers=HTML).text)
        assert [id for id in by_activity if id in OURS] == ["e2", "e1", "e3"]
    assert rows_of(records.get("/experiments?sort=name&q=speech", headers=HTML).text) == ["e2"]
    assert "No experiment matches" in records.get("/experiments?q=nothing", headers=HTML).text


def test_the_page(records: TestClient) -> None:
    text = records.get("/experiments/e1?sort=metric:train_loss", headers=HTML).text
    assert rows_of(text) == ["r4", "r2", "job_1", "job_2", "r3"] or rows_of(text) == [
        "r4",
        "r2",
        "job_1",
        "r3",
        "job_2",
    ]
    assert 'href="/jobs/job_1"' in text
    assert 'href="/runs/r2"' in text
    assert re.search(r'aria-sort="ascending"><a class="sort" href="[^"]*sort=-metric%3Atrain_loss', text)
    headings = re.findall(r'<th scope="col" class="optional setting">(.*?)</th>', text)
    assert "lr" in headings
    best = re.search(r"<dt>train loss</dt><dd>.*?</dd>", text)
    assert best
    assert "Script 100%" in best[0]  # the made-up run takes no part
    assert rows_of(records.get("/experiments/e1?state=queued", headers=HTML).text) == ["job_2"]
    assert "No run matches" in records.get("/experiments/e1?q=nothing", headers=HTML).text
    assert "No run yet" in records.get("/experiments/Empty", headers=HTML).text
    assert records.get("/experiments/e9", headers=HTML).status_code == 404


def test_the_best_is_found_anew_when_a_run_changes(records: TestClient) -> None:
    def best() -> object:
        return records.get("/api/experiments/e5").json()["best"]["train_loss"]

    with open_session(records.app.state.engine) as db:  # type: ignore[attr-defined]
        db.add(Experiment(id="e5", name="Changing"))
        db.flush()
        db.add(Run(id="first", experiment_id="e5", name="First", summary={"train_loss": 0.5}))
        db.commit()
        assert best() == best() == {"value": 0.5, "run_id": "first"}
        db.add(Run(id="second", experiment_id="e5", name="Second", summary={"train_loss": 0.4}))
        db.commit()
        assert best() == {"value": 0.4, "run_id": "second"}
        run = db.get_one(Run, "first")
        run.summary, run.updated_at = {"train_loss": 0.1}, now()
        db.add(run)
        db.commit()
        assert best() == {"value": 0.1, "run_id": "first"}
        db.delete(run)
        db.commit()
        assert best() == {"value": 0.4, "run_id": "second"}


def test_pages_of_runs(records: TestClient) -> None:
    with open_session(records.app.state.engine) as db:  # type: ignore[attr-defined]
        db.add(Experiment(id="e4", name="Full of runs"))
        db.flush()
        for number in range(60):
            db.add(Run(id=f"many-{number:02}", experiment_id="e4", name=f"Many {number:02}"))
        db.commit()
    first, second = (records.get(f"/experiments/e4?sort=name&page={page}", headers=HTML).text for page in (1, 2))
    assert rows_of(first) + rows_of(second) == [f"many-{number:02}" for number in range(60)]
    assert 'href="/experiments/e4?sort=name&amp;page=2"' in first


def test_stars_descriptions_and_new_ones(records: TestClient) -> None:
    form = {"name": "Fresh", "description": "Old", "tags": "draft, size: 7b"}
    answer = records.post("/experiments", data=form, follow_redirects=False)
    assert answer.status_code == 303
    page = answer.headers["location"]
    assert "Fresh" in records.get(page, headers=HTML).text
    answer = records.post(f"{page}/star", data={"starred": "yes", "back": "list"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/experiments")
    assert page.endswith(rows_of(records.get("/experiments", headers=HTML).text)[0])
    answer = records.post(f"{page}/star", data={"starred": "no"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    records.post(page, data={"description": "New", "tags": "task: images, size: 7b"}, headers=HTML)
    kept = records.get("/api/experiments/Fresh").json()
    assert (kept["description"], kept["tags"], kept["starred"]) == ("New", {"task": "images", "size": "7b"}, False)
    answer = records.post(page, data={"description": "not lost", "tags": "t" * 101}, headers=HTML)
    assert answer.status_code == 422
    assert "not lost" in answer.text


@pytest.mark.parametrize(
    ("form", "status", "word"),
    [
        ({"name": "Vision", "description": "kept text"}, 409, "already exists"),
        ({"name": " ", "description": "kept text"}, 422, "Name"),
        ({"name": "x", "description": "kept text", "tags": "t" * 101}, 422, "Tags"),
    ],
)
def test_a_form_that_cannot_be_taken_keeps_its_text(
    records: TestClient, form: dict[str, str], status: int, word: str
) -> None:
    answer = records.post("/experiments", data=form, headers=HTML)
    assert answer.status_code == status
    assert word in answer.text
    assert "kept text" in answer.text


words = st.text("abc xyz-_é", min_size=1, max_size=8).map(str.strip).filter(bool)


@given(st.dictionaries(words, st.just(True) | words | st.integers(0, 99) | st.just(False), max_size=6))
def test_tags_survive_the_form(tags: dict[str, object]) -> None:
    assert parse_tags(", ".join(show_tags(tags)), tags) == tags
