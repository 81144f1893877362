"""Files written by the trackers themselves, imported to a real monitor with the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pegbox.importers.sources import SourceRun
from tests.pegbox.importers.conftest import Import, Points, stored, what_was_logged
from tests.pegbox.sdk.monitor_process import MonitorProcess

LOGGED = what_was_logged()


def differences(found: Points, wanted: Points) -> list[tuple[str, int, float | None, float | None]]:
    """The points that are not bitwise equal, without system metrics."""
    compared = [
        (name, step, found.get(name, {}).get(step), wanted.get(name, {}).get(step))
        for name in sorted(found.keys() | wanted.keys())
        if not name.startswith("system/")
        for step in sorted(found.get(name, {}).keys() | wanted.get(name, {}).keys())
    ]
    return [point for point in compared if repr(point[2]) != repr(point[3])]  # NaN does not equal itself


def by_name(outcomes: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(run["format"], run["name"]): run for run in outcomes}


def test_every_point_of_every_format_arrives_and_a_second_import_changes_nothing(
    monitor: MonitorProcess, foreign_runs: Path, import_all: Import
) -> None:
    outcomes = [
        run for tracker in ("tensorboard", "wandb", "trackio", "aspara") for run in import_all(foreign_runs / tracker)
    ]

    found = by_name(outcomes)
    assert found.keys() == LOGGED.keys()
    assert all(run["new_run"] and run["error"] is None for run in outcomes)
    for key, wanted in LOGGED.items():
        assert differences(stored(monitor, found[key]["id"]), wanted) == [], key

    before = [monitor.get(f"/api/runs/{run['id']}") for run in outcomes]
    again = import_all(foreign_runs)
    assert {run["id"]: (run["points"], run["others"], run["new_run"]) for run in again} == {
        run["id"]: (0, 0, False) for run in outcomes
    }
    assert [monitor.get(f"/api/runs/{run['id']}") for run in outcomes] == before


def test_what_is_no_number_arrives_too(monitor: MonitorProcess, foreign_runs: Path, import_all: Import) -> None:
    found = by_name(import_all(foreign_runs))

    def view(tracker: str, name: str) -> dict[str, Any]:
        return dict(monitor.get(f"/api/runs/{found[tracker, name]['id']}"))

    def media(tracker: str, name: str) -> dict[str, dict[str, Any]]:
        shown = monitor.get(f"/api/runs/{found[tracker, name]['id']}/media")
        return {item["name"]: item["data"] for item in shown}

    first = view("wandb", "first try")
    settings = {"lr": 0.001, "layers": [1, 2], "deep": {"er": True}, "later": 3, "_notes": "a note", "_origin": "wandb"}
    assert settings.items() <= first["config"].items()
    assert (first["experiment"], first["status"], first["tags"]) == ("digits", "finished", ["small", "test"])
    assert first["summary"]["best"] == 0.125
    assert view("wandb", "second")["status"] == "failed"
    assert len(monitor.get(f"/api/runs/{found['wandb', 'first try']['id']}/media")) == 15
    assert sum(media("wandb", "first try")["weights"]["counts"]) == 4
    assert found["wandb", "first try"]["left_out"] == {"text value": 1}

    assert (
        view("tensorboard", "tensorboard/third")["config"].items()
        >= {"lr": 0.25, "optimizer": "adamw", "warm": True}.items()
    )
    assert found["tensorboard", "tensorboard/third"]["left_out"] == {"image": 1}
    assert sum(media("tensorboard", "tensorboard/third")["bias"]["counts"]) == 100
    assert media("tensorboard", "tensorboard/second") == {
        "notes": {"kind": "text", "text": "a text of many words"},
        "weights": {"kind": "histogram", "edges": [0, 0.25, 0.5, 0.75, 1], "counts": [1, 0, 2, 1], "nonfinite": 0},
    }

    assert media("trackio", "first")["note"] == {"kind": "text", "text": "# words"}
    assert sum(media("trackio", "first")["weights"]["counts"]) == 4
    for tracker, name in (("wandb", "first try"), ("trackio", "first")):
        events = monitor.get(f"/api/runs/{found[tracker, name]['id']}/events")
        assert [(event["kind"], event["title"], event["level"]) for event in events] == [
            ("alert", "Look here", "warning")
        ]
    assert stored(monitor, found["trackio", "first"]["id"])["system/cpu"].popitem()[1] == 12.5

    assert {name: view("aspara", name)["status"] for name in ("lines", "table", "open")} == {
        "lines": "finished",
        "table": "failed",
        "open": "failed",  # without an end, last modified a week ago
    }
    assert view("aspara", "lines")["summary"]["best"] == 0.5


@pytest.mark.parametrize(
    ("source", "run"),
    [
        ("tensorboard/third/events.out.tfevents*", ("tensorboard", "third")),
        ("wandb/wandb/offline-run-*-firstrun/run-firstrun.wandb", ("wandb", "first try")),
        ("aspara/digits/lines.jsonl", ("aspara", "lines")),
    ],
)
def test_a_file_that_grows_gets_only_what_is_new(
    monitor: MonitorProcess, foreign_runs: Path, import_all: Import, source: str, run: tuple[str, str]
) -> None:
    (file,) = foreign_runs.glob(source)
    content = file.read_bytes()
    brought = []
    for part in (len(content) // 7, len(content) // 3, len(content) // 2 + 1, len(content) - 3, len(content)):
        file.write_bytes(content[:part])
        brought.append(by_name(import_all(file))[run])

    assert len({outcome["id"] for outcome in brought}) == 1
    assert [outcome["new_run"] for outcome in brought] == [True, False, False, False, False]
    assert sum(outcome["points"] > 0 for outcome in brought) >= 2
    assert differences(stored(monitor, brought[0]["id"]), LOGGED[run]) == []
    records = monitor.get(f"/api/runs/{brought[0]['id']}")["record_count"]
    assert records == sum(outcome["points"] for outcome in brought)
    assert records <= len({step for points in LOGGED[run].values() for step in points}) + len(brought)


def test_lines_that_moved_into_parquet_are_not_brought_again(
    monitor: MonitorProcess, foreign_runs: Path, import_all: Import
) -> None:
    project = foreign_runs / "aspara" / "digits"
    before = by_name(import_all(project))["aspara", "open"]
    (project / "open.wal.jsonl").write_text("")
    shutil.rmtree(project / "open_archive")
    shutil.copytree(project / "table_archive", project / "open_archive")  # the same rows, all archived

    after = by_name(import_all(project))["aspara", "open"]

    assert (after["id"], after["points"]) == (before["id"], 0)
    assert differences(stored(monitor, before["id"]), LOGGED["aspara", "open"]) == []


def test_a_copy_elsewhere_is_another_run(foreign_runs: Path, import_all: Import, tmp_path: Path) -> None:
    """Another path is another run: two machines may both have a `runs/first`."""
    moved = tmp_path / "elsewhere"
    first = import_all(foreign_runs / "tensorboard")
    shutil.copytree(foreign_runs / "tensorboard", moved / "tensorboard")

    second = import_all(moved / "tensorboard")

    assert {run["id"] for run in first}.isdisjoint({run["id"] for run in second})
    assert [run["points"] for run in first] == [run["points"] for run in second]


def test_two_files_of_one_wandb_run_are_one_run(foreign_runs: Path, import_all: Import) -> None:
    (folder,) = foreign_runs.glob("wandb/wandb/*-firstrun")
    resumed = folder.with_name("offline-run-29991231_235959-firstrun")
    shutil.copytree(folder, resumed)

    outcomes = import_all(foreign_runs / "wandb")

    assert [run["name"] for run in outcomes] == ["first try", "second"]
    assert {run["points"] for run in import_all(resumed)} == {0}


ODD_LINES = [
    {
        "metrics": {"": 1, "\ud800": 2, "nul\0": 3, "x" * 500: 4, "line\nbreak": 5, "ok": 6},
        "step": 1,
        "timestamp": 1000,
    },
    {"metrics": {"huge": 10**400, "list": [1], "none": None, "yes": True, "text": "NaN"}, "step": 2, "timestamp": -5},
    {"metrics": {"deep": {"er": {"still": 7}}}, "step": 3, "timestamp": "soon"},
    {"metrics": {"ok": 8}, "step": -4, "timestamp": 1e300},
    {"metrics": {"ok": 9}, "step": 2**60, "timestamp": float("nan")},
    {"metrics": {"ok": 10}, "step": True, "timestamp": None},
    {"metrics": {"ok": 11}},
    {"metrics": {"table": {"_type": "trackio.table", "_value": [{"\ud800": "\0"}, {"\ud800": 10**30}]}}, "step": 9},
    {"metrics": {"h": {"_type": "histogram", "bins": [3, 2, 1], "values": [1, 1]}}, "step": 9},
]


def test_odd_values_reach_the_monitor_or_are_counted(
    monitor: MonitorProcess, tmp_path: Path, import_all: Import
) -> None:
    file = tmp_path / "odd \udcff" / "odd.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(line) + "\n" for line in ODD_LINES))

    (brought,) = import_all(file.parent, "--format", "aspara")

    points = stored(monitor, brought["id"])
    assert points["ok"] == {1: 6.0, -4: 8.0, 6: 11.0}
    assert points["huge"] == {2: float("inf")}
    assert points["yes"] == {2: 1.0}
    assert points["deep.er.still"] == {3: 7.0}
    assert {len(name) for name in points} >= {200}
    assert repr(points["text"][2]) == "nan"
    assert brought["left_out"] == {
        "list": 1,
        "empty value": 1,
        "metric without a name, or beyond the 10,000th": 1,
        "step beyond 2^53": 2,
        "object": 1,
    }
    (table,) = monitor.get(f"/api/runs/{brought['id']}/media")
    assert table["data"]["rows"] == [["\ufffd"], [str(10**30)]]


def test_ids_follow_from_where_a_run_lies() -> None:
    def id_of(origin: str, key: str) -> str:
        return SourceRun("aspara", Path(origin), key, "e", "n", []).run_id

    assert id_of("/a", "b") == id_of("/a", "b")
    assert len({id_of("/a", "b"), id_of("/a", "c"), id_of("/b", "b"), id_of("/a/b", "")}) == 4
    assert len(id_of("/a", "b")) <= 64
