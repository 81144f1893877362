"""`pegbox user` and `pegbox token`, and a Pegbox on the network that knows nobody but them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from pegbox.cli.main import cli
from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session
from pegbox.store.tables import AuditEntry
from tests.pegbox.cli.conftest import Outcome
from tests.stack import ROOT, free_port, http, wait_until

PASSWORD = "correct horse battery"


def run(home: Path, *words: str, stdin: str = "") -> Outcome:
    """In this process: each command opens the data folder anew all the same."""
    done = CliRunner().invoke(cli, words, input=stdin, env={"PEGBOX_HOME": str(home)}, prog_name="pegbox")
    error = f"pegbox: {done.exception.message}\n" if isinstance(done.exception, PegboxError) else done.stderr
    return Outcome(done.exit_code, done.stdout, error)


def test_users_and_tokens_from_the_shell(home: Path) -> None:
    assert "No user yet: pegbox user add NAME --role admin" in run(home, "user", "list").out
    assert (
        run(home, "user", "add", "Ada", "--role", "admin", stdin=f"{PASSWORD}\n").out
        == "ada may sign in now, as admin\n"
    )
    assert run(home, "user", "add", "grace", stdin=f"{PASSWORD}\n").code == 0
    again = run(home, "user", "add", "ada", stdin=f"{PASSWORD}\n")
    assert (again.code, again.err) == (1, "pegbox: User 'ada' already exists; choose another name\n")
    short = run(home, "user", "add", "joan", stdin="short\n")
    assert (short.code, short.err) == (1, "pegbox: password: String should have at least 8 characters\n")
    assert "only admin" in run(home, "user", "role", "ada", "viewer").err
    assert run(home, "user", "role", "grace", "maintainer").out == "grace is maintainer now\n"
    assert run(home, "user", "password", "grace", stdin="another password\n").code == 0

    token = run(home, "token", "create", "script", "--user", "grace", "--role", "viewer", "--days", "3").out.strip()
    token_id = token.split("_")[1]
    assert "at most maintainer" in run(home, "token", "create", "x", "--user", "grace", "--role", "admin").err
    listed = run(home, "token", "list", "--json")
    assert [entry["id"] for entry in listed.json] == [token_id]
    assert token.split("_")[2] not in listed.out
    assert run(home, "token", "revoke", token_id).out == "script of grace is revoked\n"

    assert run(home, "user", "disable", "grace").code == 0
    rows = {row["name"]: row for row in run(home, "user", "list", "--json").json}
    assert (rows["grace"]["disabled"], rows["grace"]["role"], rows["ada"]["disabled"]) == (True, "maintainer", False)
    assert run(home, "user", "disable", "grace", "--undo").code == 0

    engine = open_engine(Settings(home=home))
    with open_session(engine) as db:
        entries = db.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
    engine.dispose()
    assert [(entry.action, entry.via) for entry in entries[:3]] == [("create_user", "command")] * 2 + [
        ("change_role", "command")
    ]
    assert PASSWORD not in str(entries)


@pytest.fixture
def network_pegbox(home: Path) -> Any:
    """`pegbox up` where everybody must sign in, with one admin and no shared token."""
    assert run(home, "user", "add", "ada", "--role", "admin", stdin=f"{PASSWORD}\n").code == 0
    port, monitor_port = free_port(), free_port()
    log = (home.parent / "up.out").open("wb")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pegbox",
            "up",
            "--host",
            "0.0.0.0",
            "--port",
            str(port),
            "--monitor-port",
            str(monitor_port),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(home)},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    log.close()
    try:
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{monitor_port}", home
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def test_on_the_network_with_accounts_alone_the_worker_still_works(network_pegbox: tuple[str, str, Path]) -> None:
    backend, monitor, home = network_pegbox

    def is_ready() -> bool:
        output = (home.parent / "up.out").read_text()
        return "ready: " in output

    wait_until(is_ready, seconds=120, what="the start of pegbox up")
    assert http.get(f"{backend}/api/jobs").status_code == 401
    login = http.post(f"{backend}/api/auth/login", json={"username": "ada", "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    assert http.get(f"{monitor}/api/runs", headers=headers).status_code == 200

    def workers() -> list[Any]:
        found: list[Any] = http.get(f"{backend}/api/workers", headers=headers).json()
        return found

    wait_until(workers, seconds=120, what="the worker's first word")
    assert "401" not in json.dumps((home.parent / "up.out").read_text())
