"""Commands against running services."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pegbox.cli.conftest import Pegbox
from tests.stack import ROOT, Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A backend and a monitor, shared by the tests of this file."""
    home = tmp_path_factory.mktemp("commands") / "home"
    home.mkdir()
    with Stack(home) as running:
        yield running


def test_help_names_every_command(pegbox: Pegbox) -> None:
    outcome = pegbox("--help")

    assert outcome.code == 0
    for word in ("up", "worker", "train", "job", "run", "dataset", "model"):
        assert f"\n  {word} " in outcome.out


def test_nothing_slow_is_imported_for_help(pegbox: Pegbox) -> None:
    script = (
        "import sys, pegbox.cli.main; "
        "print(sorted({'torch', 'transformers', 'fastapi', 'sqlmodel', 'httpx2', 'pydantic', 'rich.console'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_datasets_from_file_to_list(stack: Stack, pegbox: Pegbox, few_rows: Path) -> None:
    previewed = pegbox("dataset", "preview", str(few_rows), "--json", stack=stack).json
    assert previewed["statistics"]["total_rows"] == 60

    added = pegbox("dataset", "add", str(few_rows), "--name", "Questions", "--json", stack=stack).json
    assert added["rows"] == 60

    assert [item["uid"] for item in pegbox("dataset", "list", "--json", stack=stack).json] == [added["uid"]]
    assert pegbox("dataset", "show", "Questions", "--json", stack=stack).json["uid"] == added["uid"]
    listed = pegbox("dataset", "list", stack=stack).out
    assert listed.splitlines()[0].split() == ["UID", "NAME", "ROWS", "SIZE", "VERSION", "CREATED"]
    assert f"{added['uid']}  Questions" in listed


def test_a_file_that_cannot_be_used_is_explained(stack: Stack, pegbox: Pegbox, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("frage,antwort\nWas?,Das.\n", encoding="utf-8")

    refused = pegbox("dataset", "add", str(path), stack=stack)
    assert refused.code == 1
    assert "input" in refused.err
    assert refused.err.startswith("pegbox: ")
    assert refused.err.count("\n") == 1

    mapped = pegbox(
        "dataset", "add", str(path), "--input-column", "frage", "--output-column", "antwort", "--json", stack=stack
    )
    assert mapped.json["columnMapping"] == {"input": "frage", "output": "antwort"}


def test_jobs_are_created_and_steered(stack: Stack, pegbox: Pegbox, few_rows: Path) -> None:
    words = ("train", str(few_rows), "--name", "Mine", "--epochs", "2", "--set", "seed=7", "--no-follow", "--json")
    job = pegbox(*words, stack=stack).json
    assert job["state"] == "queued"
    assert job["configuration"]["hyperparameters"]["seed"] == 7
    assert job["configuration"]["hyperparameters"]["epochs"] == 2
    uid = job["uid"]

    assert pegbox("job", "pause", uid, stack=stack).code == 0
    assert pegbox("job", "show", uid, "--json", stack=stack).json["state"] == "paused"
    assert pegbox("job", "resume", uid, stack=stack).code == 0
    assert [item["uid"] for item in pegbox("job", "list", "--status", "queued", "--json", stack=stack).json] == [uid]
    assert pegbox("job", "cancel", uid, stack=stack).code == 0
    assert "Mine  cancelled" in pegbox("job", "list", stack=stack).out
    assert pegbox("job", "logs", uid, "--json", stack=stack).json == {"lines": []}

    again = pegbox("job", "resume", uid, stack=stack)
    assert again.code == 1
    assert again.err.startswith("pegbox: ")
    followed = pegbox("job", "follow", uid, stack=stack)
    assert followed.code == 1
    assert "cancelled" in followed.err


def test_models_are_listed_and_folders_added(stack: Stack, pegbox: Pegbox, tmp_path: Path) -> None:
    ids = [model["id"] for model in pegbox("model", "list", "--json", stack=stack).json]
    assert "starter" in ids
    assert pegbox("model", "show", "starter", "--json", stack=stack).json["source"] == "starter"

    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    added = pegbox("model", "add", str(folder), "--json", stack=stack).json
    assert added["location"] == str(folder)
    assert pegbox("model", "remove", added["id"], stack=stack).code == 0
    assert added["id"] not in [model["id"] for model in pegbox("model", "list", "--json", stack=stack).json]

    out_of_reach = pegbox("model", "search", "llama", stack=stack)
    assert out_of_reach.code == 1
    assert "hub" in out_of_reach.err.lower()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("job", "list"), 1, "Is `pegbox up` running?"),
        (("train", "missing.csv"), 2, "does not exist"),
        (("job", "lst"), 2, "No such command"),
        (("job", "list", "--limit", "many"), 2, "limit"),
    ],
)
def test_errors_say_what_to_do(
    words: tuple[str, ...], code: int, said: str, pegbox: Pegbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEGBOX_URL", "http://127.0.0.1:9")

    outcome = pegbox(*words)

    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


def test_an_unknown_hyperparameter_is_wrong_usage(pegbox: Pegbox, few_rows: Path) -> None:
    outcome = pegbox("train", str(few_rows), "--set", "colour=red")

    assert outcome.code == 2
    assert "'colour=red' is not NAME=VALUE with one of: batch_size" in " ".join(outcome.err.split())
