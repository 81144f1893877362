"""Questions to a real, tiny model in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from backend.models.inference_process import InferenceProcess
from pegbox.data.rows import Row
from pegbox.errors import TooManyRequestsError, UnavailableError
from pegbox.inference.starter import build_starter
from pegbox.schemas.question import QuestionCreate
from pegbox.settings import Settings
from tests import event_loop
from tests.apps import open_backend

pytestmark = pytest.mark.train

ROWS = [Row(f"What is {number} plus one?", str(number + 1)) for number in range(40)]
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_starter(tmp_path_factory.mktemp("model") / "tiny", ROWS, seed=1, hidden_size=32, layers=1)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[TestClient]:
    """One backend for all tests: the process that answers takes seconds to start."""
    with open_backend(Settings(home=tmp_path_factory.mktemp("backend") / "home")) as client:
        answer = client.post("/api/models", json={"id": "acme/tiny", "source": "local", "path": str(folder)})
        assert answer.status_code == 201
        yield client


def test_a_model_answers_and_stays_loaded(client: TestClient, folder: Path) -> None:
    sent = {"question": "What is 3 plus one?", "max_new_tokens": 5}
    first = client.post("/api/models/acme%2Ftiny/ask", json=sent)
    assert first.status_code == 200, first.text
    assert (first.json()["model"], first.json()["question"]) == ("acme/tiny", "What is 3 plus one?")
    assert first.json()["tokens"] <= 5
    answers: InferenceProcess = client.app.state.inference_process  # type: ignore[attr-defined]
    pid = answers.pid
    assert pid
    again = client.post("/api/models/acme/tiny/ask", json=sent)
    assert again.json()["answer"] == first.json()["answer"]
    assert answers.pid == pid

    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=20)
    after = client.post("/api/models/acme/tiny/ask", json=sent)
    if after.status_code == 503:  # the death was noticed by this question only
        after = client.post("/api/models/acme/tiny/ask", json=sent)
    assert after.json()["answer"] == first.json()["answer"]
    assert answers.pid != pid

    page = client.post("/models/ask", data={"id": "acme/tiny", "question": "What is 3 plus one?"}, headers=FORM)
    assert page.status_code == 200
    assert "tokens in" in page.text


def test_what_cannot_be_asked_is_said(client: TestClient, folder: Path) -> None:
    assert client.post("/api/models/no/such/ask", json={"question": "?"}).status_code == 404
    refused = client.post("/api/models/starter/ask", json={"question": "?"})
    assert refused.status_code == 409
    assert "no files on this machine" in refused.json()["detail"]
    for body in ({"question": ""}, {"question": "x" * 20_001}, {"question": "?", "max_new_tokens": 0}, {}):
        assert client.post("/api/models/acme/tiny/ask", json=body).status_code == 422
    assert client.post("/models/ask", data={"id": "starter", "question": "?"}, headers=FORM).status_code == 409


def test_a_broken_folder_is_said_and_the_next_question_works(client: TestClient, folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    client.post("/api/models", json={"id": "acme/broken", "source": "local", "path": str(broken)})
    refused = client.post("/api/models/acme/broken/ask", json={"question": "?"})
    assert refused.status_code == 400
    assert "cannot be loaded" in refused.json()["detail"]
    assert client.post("/api/models/acme/tiny/ask", json={"question": "?", "max_new_tokens": 2}).status_code == 200


def test_the_process_takes_eight_questions_leaves_when_nobody_asks_and_is_killed_when_it_takes_too_long(
    folder: Path,
) -> None:
    async def ask(answers: InferenceProcess) -> str:
        return (await answers.ask("tiny", folder, QuestionCreate(question="?", max_new_tokens=2))).answer

    async def scenario() -> None:
        answers = InferenceProcess(idle_seconds=0.05)
        waiting = [asyncio.create_task(ask(answers)) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequestsError):
            await ask(answers)
        first, *others = await asyncio.gather(*waiting)
        assert set(others) == {first}
        process = answers._process
        assert process
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert await ask(answers) == first
        await answers.close()

        hasty = InferenceProcess(answer_seconds=0.05)
        with pytest.raises(UnavailableError, match="did not answer"):
            await ask(hasty)
        assert hasty.pid is None

    event_loop.run(scenario())
