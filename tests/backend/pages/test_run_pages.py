"""The list of scripts' runs and the page of one: what is shown, what is kept apart."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from backend.pages.runs.media import media_view
from backend.runs.script_runs import count_script_runs, search_script_runs
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Experiment, Job, Run, RunMedia

HTML = {"Accept": "text/html"}


@pytest.fixture
def records(backend_client: TestClient, settings: Settings) -> TestClient:
    """Two experiments with three runs of scripts, a demonstration, and a job's run."""
    with open_session(backend_client.app.state.engine) as db:  # type: ignore[attr-defined]
        db.add(Experiment(id="e1", name="Vision"))
        db.add(Experiment(id="e2", name="Speech"))
        db.add(
            Job(uid="job_1", name="A job", run_id="r5", model_id="m", configuration=_configuration(), state="completed")
        )
        db.flush()
        db.add(
            Run(
                id="r1",
                experiment_id="e1",
                name="First <b>try</b>",
                summary={"train_loss": 0.5, "bad": "NaN", "best_step": 3},
            )
        )
        db.add(Run(id="r2", experiment_id="e1", name="Second try", config={"_origin": "aspara", "lr": 0.1}))
        db.add(Run(id="r3", experiment_id="e2", name="Whisper", status="finished"))
        db.add(Run(id="r4", experiment_id="e2", name="Pretended", tags=["demo"]))
        db.add(Run(id="r5", experiment_id="e2", name="Of a job", job_uid="job_1"))
        db.commit()
    return backend_client


def _configuration() -> dict[str, object]:
    return {"model": {"uid": "starter", "name": "Starter"}, "dataset": {"uid": "d", "name": "d"}, "given": {}}


def names(db: Session, query: str = "", experiment: str = "", *, demo: bool = False) -> set[str]:
    found, total = search_script_runs(db, query, experiment, count_script_runs(db), demo=demo, limit=50, offset=0)
    assert total == len(found)
    return {run.id for run, _ in found}


def test_runs_are_found_by_words_and_experiment(records: TestClient) -> None:
    with open_session(records.app.state.engine) as db:  # type: ignore[attr-defined]
        assert names(db) == {"r1", "r2", "r3"}
        assert names(db, "try vision") == {"r1", "r2"}
        assert names(db, "100%") == set()
        assert names(db, experiment="Speech") == {"r3"}
        assert names(db, demo=True) == {"r4"}
        assert count_script_runs(db).largest(10) == [("Vision", 2), ("Speech", 1)]


def test_demonstrations_are_apart_and_say_so(records: TestClient) -> None:
    real = records.get("/runs", headers=HTML).text
    assert "Pretended" not in real
    assert "1 demonstration" in real
    apart = records.get("/runs?demo=1", headers=HTML).text
    assert "Pretended" in apart
    assert "Whisper" not in apart
    assert "these numbers are made up" in apart


def test_a_page_shows_what_a_run_is(records: TestClient) -> None:
    page = records.get("/runs/r1", headers=HTML)
    assert page.status_code == 200
    assert "First &lt;b&gt;try&lt;/b&gt;" in page.text
    assert 'data-metric="train_loss"' in page.text
    assert 'data-metric="bad"' in page.text
    assert 'data-metric="best_step"' not in page.text  # it has no curve
    assert "<dt>best_step</dt>" in page.text
    foreign = records.get("/runs/r2", headers=HTML).text
    assert "Aspara" in foreign
    assert "_origin" not in foreign
    job = records.get("/runs/r5", headers=HTML, follow_redirects=False)
    assert (job.status_code, job.headers["location"]) == (303, "/jobs/job_1")
    assert records.get("/runs/r9", headers=HTML).status_code == 404


def test_long_tables_and_histograms_say_what_they_leave_out() -> None:
    rows = [[number, None, True, 0.25] for number in range(80)]
    table = RunMedia(
        seq=1, run_id="r", step=3, time=0, name="t", data={"kind": "table", "columns": list("abcd"), "rows": rows}
    )
    shown = media_view(table, 4)
    assert len(shown.rows) == 50
    assert shown.rows[0] == ["0", "–", "yes", "0.250"]
    assert shown.note == "of 4 steps, first 50 of 80 rows"
    data = {"kind": "histogram", "edges": [0.0, 1.0, 2.0], "counts": [1, 3], "nonfinite": 2}
    histogram = media_view(RunMedia(seq=1, run_id="r", step=3, time=0, name="h", data=data), 1)
    assert [bar.height for bar in histogram.bars] == [pytest.approx(64 / 3), 64]
    assert histogram.bars[1].text == "3 from 1.000 to 2.000"
    assert histogram.note == "2 not finite"
