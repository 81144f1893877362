"""The baselines that a job's page offers: what they are, in which order, how many."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.pages.compare.baselines import MOST_BASELINES
from frontend import DIST
from tests.backend.conftest import Hand

HTML = {"Accept": "text/html"}
CreateJob = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _built_assets() -> None:
    if not (DIST / "manifest.json").is_file():
        pytest.fail("the dashboard is not built; run: python hatch_build.py")


@pytest.fixture
def other_dataset(client: TestClient) -> str:
    rows = "input,output\n" + "".join(f"question {n},answer {n}\n" for n in range(20))
    answer = client.post("/api/datasets", files={"file": ("other.csv", rows.encode())}, data={"strict": "true"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uid"])


@pytest.fixture
def finish(create_job: CreateJob, hand: Hand) -> Callable[..., str]:
    """A job that ran and ended; its uid."""

    def run(name: str, outcome: str = "completed", dataset: str = "") -> str:
        more = {}
        if dataset:
            more["configuration"] = {"model": {"uid": "starter"}, "dataset": {"uid": dataset}, "hyperparameters": {}}
        uid = str(create_job(name=name, **more)["uid"])
        claim = hand.claim()
        assert claim
        assert claim["job"]["uid"] == uid
        assert hand.report(outcome).status_code == 200
        return uid

    return run


def offered(client: TestClient, uid: str, chosen: str = "") -> dict[str, list[str]]:
    """Group → names; a chosen one is marked with a star."""
    page = client.get(f"/jobs/{uid}", params={"baseline": chosen} if chosen else {}, headers=HTML)
    assert page.status_code == 200
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', page.text)
    option = re.compile(r"<option value=\"[^\"]+\"( selected)?>([^<]+)</option>")
    return {label: [name + "*" * bool(star) for star, name in option.findall(body)] for label, body in groups}


def test_completed_jobs_on_the_same_dataset_come_first_the_newest_before_the_older(
    client: TestClient, create_job: CreateJob, finish: Callable[..., str], other_dataset: str
) -> None:
    finish("first")
    finish("elsewhere", dataset=other_dataset)
    finish("broken", "failed")
    finish("second")
    uid = create_job(name="new")["uid"]
    assert offered(client, uid) == {"Same dataset": ["second", "first"], "Other datasets": ["elsewhere"]}


def test_a_job_is_no_baseline_of_itself_and_without_any_there_is_no_choice(
    client: TestClient, finish: Callable[..., str]
) -> None:
    uid = finish("only one")
    assert offered(client, uid) == {}
    assert 'id="baseline"' not in client.get(f"/jobs/{uid}", headers=HTML).text


def test_twenty_at_most_the_same_dataset_before_the_others(
    client: TestClient, create_job: CreateJob, finish: Callable[..., str], other_dataset: str
) -> None:
    finish("same")
    for number in range(MOST_BASELINES):
        finish(f"other {number}", dataset=other_dataset)
    groups = offered(client, create_job(name="new")["uid"])
    assert groups["Same dataset"] == ["same"]
    assert groups["Other datasets"] == [f"other {number}" for number in range(MOST_BASELINES - 1, 0, -1)]


def test_the_one_in_the_address_is_chosen_though_it_failed_or_is_old(
    client: TestClient, create_job: CreateJob, finish: Callable[..., str]
) -> None:
    broken, fine = finish("broken", "failed"), finish("fine")
    uid = create_job(name="new")["uid"]
    assert offered(client, uid, fine) == {"Same dataset": ["fine*"]}
    assert offered(client, uid, broken) == {"Same dataset": ["broken*", "fine"]}


def test_an_address_that_names_nobody_or_a_job_that_still_waits_chooses_nothing(
    client: TestClient, create_job: CreateJob, finish: Callable[..., str]
) -> None:
    finish("fine")
    uid, waiting = create_job(name="new")["uid"], create_job(name="waiting")["uid"]
    for chosen in ("nobody", waiting, uid):
        assert offered(client, uid, chosen) == {"Same dataset": ["fine"]}
