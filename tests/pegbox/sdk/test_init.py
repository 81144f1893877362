"""Errors of `pegbox.init`."""

from __future__ import annotations

from pathlib import Path

import pytest

import pegbox
from pegbox.errors import AuthenticationError, ConflictError, NotFoundError, UnreachableError
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import free_port


@pytest.fixture(autouse=True)
def _address(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)


def test_resume_words() -> None:
    with pytest.raises(NotFoundError):
        pegbox.init(id="run-nobody-knows", resume="must")
    pegbox.init(id="run-known").finish()
    with pytest.raises(ConflictError):
        pegbox.init(id="run-known", resume="never")


def test_a_wrong_address_is_said_at_once() -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        pegbox.init(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ValueError, match="address"):
        pegbox.init(url="ftp://127.0.0.1")


def test_something_else_answers_there(shared_monitor: MonitorProcess) -> None:
    with pytest.raises(UnreachableError, match="not a Pegbox monitor"):
        pegbox.init(url=f"{shared_monitor.url}/elsewhere")


def test_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MonitorProcess(tmp_path / "guarded" / "home", {"PEGBOX_TOKEN": "s3cret"}) as guarded:
        guarded.headers = {"Authorization": "Bearer s3cret"}
        for token in (None, "wrong"):
            with pytest.raises(AuthenticationError, match=guarded.url):
                pegbox.init(url=guarded.url, token=token)
        monkeypatch.setenv("PEGBOX_TOKEN", "s3cret")
        run = pegbox.init(url=guarded.url)
        run.log({"y": 1.0}, step=0)
        assert run.finish()
        assert guarded.series(run.id, "y") == {0: 1.0}
