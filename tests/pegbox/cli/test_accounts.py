"""`pegbox user`, `pegbox token` and `pegbox login`, and services that require authentication."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
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
from tests.stack import ROOT, Stack, free_port, http, wait_until

PASSWORD = "correct horse battery"


def run(home: Path, *words: str, stdin: str = "") -> Outcome:
    """Runs commands in this process; each command opens the data folder itself."""
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
    """`pegbox up` with required authentication, one admin and no shared token."""
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


SCRIPT = """
import pegbox
with pegbox.init(id="from-elsewhere", experiment="login") as run:
    run.log({"loss": 0.5}, step=1)
with pegbox.Client() as client:
    print([job.id for job in client.jobs.list()])
"""


def test_who_signs_in_needs_no_token_in_the_environment(stack_with_accounts: Stack, tmp_path: Path) -> None:
    stack = stack_with_accounts
    elsewhere = tmp_path / "elsewhere"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(elsewhere), "PEGBOX_URL": stack.backend_url}
    env["PEGBOX_MONITOR_URL"] = stack.monitor_url

    def pegbox(*words: str, stdin: str = "") -> Outcome:
        command = [sys.executable, "-m", "pegbox", *words]
        done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=100, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    refused = pegbox("job", "list")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert refused.err.endswith("; sign in with `pegbox login`, or set PEGBOX_TOKEN\n")
    assert pegbox("login", "--user", "ada", stdin="wrong\n").code == 1
    assert not (elsewhere / "credentials.json").exists()

    signed_in = pegbox("login", "--user", "ada", "--days", "3", stdin=f"{PASSWORD}\n")
    assert signed_in.out.startswith(f"Signed in to {stack.backend_url} as ada (admin).\n"), signed_in.err
    kept = elsewhere / "credentials.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in kept.read_text()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert "from-elsewhere" in pegbox("run", "list").out
    first = json.loads(kept.read_text())[stack.backend_url]["token"]
    assert pegbox("login", "--user", "ada", stdin=f"{PASSWORD}\n").code == 0
    assert http.get(f"{stack.backend_url}/api/jobs", headers={"Authorization": f"Bearer {first}"}).status_code == 401

    second = json.loads(kept.read_text())[stack.backend_url]["token"]
    assert pegbox("logout").out == f"Signed out of {stack.backend_url}.\n"
    assert http.get(f"{stack.backend_url}/api/jobs", headers={"Authorization": f"Bearer {second}"}).status_code == 401
    assert json.loads(kept.read_text()) == {}
    assert pegbox("logout").err == f"pegbox: Nobody is signed in to {stack.backend_url} from here\n"
    kept.write_text("damaged")
    assert pegbox("job", "list").code == 1


@pytest.fixture
def stack_with_accounts(home: Path) -> Iterator[Stack]:
    """Services with required authentication and one admin."""
    assert run(home, "user", "add", "ada", "--role", "admin", stdin=f"{PASSWORD}\n").code == 0
    with Stack(home, {"PEGBOX_AUTH": "required"}) as stack:
        yield stack
