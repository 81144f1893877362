"""Writes `tests/cast/foreign_runs`: runs written by other trackers, and the logged values in `logged.json`.

python -m venv peers && peers/bin/pip install tensorboard==2.21.0 tensorboardX==2.6.5 wandb==0.31.0 trackio==0.43.0 aspara==0.1.0
cd tests/cast && env -i PATH=/usr/bin HOME=$(mktemp -d) TZ=UTC <absolute path of peers>/bin/python make_foreign_runs.py
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "foreign_runs"
Logged = dict[str, list[list[float]]]


def curve(step: int, height: float = 2.0) -> float:
    """A typical loss at `step`."""
    return height * math.exp(-step / 40) + 0.01 * math.sin(step)


def tensorboard(folder: Path) -> dict[str, Logged]:
    """Three runs: PyTorch scalars in two files, as after a restart; TensorFlow 2 tensors; hyperparameters and other kinds."""
    import numpy as np
    import tensorboardX
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.histogram import summary_v2 as histograms
    from tensorboard.plugins.scalar import summary_v2 as scalars
    from tensorboard.plugins.text import summary_v2 as texts
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    first: Logged = {"train/loss": [], "train/learning_rate": [], "eval/loss": []}
    for part, steps in (("a", range(0, 60)), ("b", range(50, 100))):
        writer = EventFileWriter(str(folder / "first"), filename_suffix=f".{part}")
        if part == "b":  # resumed from step 50: later steps of the first file are void
            start = Event(wall_time=2000.0, step=50, session_log=SessionLog(status=SessionLog.START))
            writer.add_event(start)
            first = {name: [point for point in points if point[0] < 50] for name, points in first.items()}
        for step in steps:
            values = {"train/loss": curve(step), "train/learning_rate": 1e-3 / (step + 1)}
            if step % 10 == 0:
                values["eval/loss"] = curve(step, 2.2) if step != 70 else math.nan
            for name, value in values.items():
                exact = float(np.float32(value))
                summary = Summary(value=[Summary.Value(tag=name, simple_value=exact)])
                writer.add_event(Event(wall_time=1000.0 + step, step=step, summary=summary))
                first[name].append([step, exact])
        writer.close()

    second: Logged = {"accuracy": [], "weird": []}
    writer = EventFileWriter(str(folder / "second"))

    def add(summary: Any, step: int) -> None:
        writer.add_event(
            Event(wall_time=3000.0 + step, step=step, summary=Summary.FromString(summary.SerializeToString()))
        )

    for step in range(20):
        value = float(np.float32(step / 20))
        add(scalars.scalar_pb("accuracy", value), step)
        second["accuracy"].append([step, value])
    for step, value in ((1, math.inf), (2, -math.inf), (3, 0.5)):
        add(scalars.scalar_pb("weird", value), step)
        second["weird"].append([step, value])
    add(texts.text_pb("notes", "a text of many words"), 4)
    add(histograms.histogram_pb("weights", np.array([0.0, 0.5, 0.5, 1.0]), buckets=4), 5)
    writer.close()

    third: Logged = {"x": []}
    with tensorboardX.SummaryWriter(str(folder / "third")) as other:
        for summary in tensorboardX.summary.hparams({"lr": 0.25, "optimizer": "adamw", "warm": True}, {"x": 0.0}):
            other.file_writer.add_summary(summary)
        for step in range(30):
            other.add_scalar("x", curve(step), step, walltime=4000.0 + step)
            third["x"].append([step, float(np.float32(curve(step)))])
        other.add_histogram("bias", np.arange(100) / 100, 29)
        other.add_image("picture", np.zeros((3, 4, 4), np.uint8), 29)
    return {"first": first, "second": second, "third": third}


def wandb(folder: Path) -> dict[str, Logged]:
    """Two offline runs; the second failed."""
    import wandb as client

    points: Logged = {"loss": [], "nested.accuracy": [], "odd": []}
    settings = client.Settings(silent=True, x_disable_stats=True, disable_code=True, disable_git=True, console="off")
    run = client.init(
        project="digits", name="first try", id="firstrun", dir=folder, mode="offline", settings=settings, notes="a note",
        config={"lr": 0.001, "layers": [1, 2], "deep": {"er": True}}, tags=["small", "test"],
    )  # fmt: skip
    for step in range(0, 300, 3):
        run.log({"loss": curve(step), "nested": {"accuracy": step / 300}}, step=step)
        points["loss"].append([step, curve(step)])
        points["nested.accuracy"].append([step, step / 300])
    for step, value in ((300, math.nan), (301, math.inf), (302, -math.inf)):
        run.log({"odd": value}, step=step)
        points["odd"].append([step, value])
    for step in range(303, 318):  # enough data for records that cross the end of a block
        run.log({"weights": client.Histogram([step, step + 1, step + 1, step + 2])}, step=step)
    run.log({"words": "left out"}, step=318)
    run.config["later"] = 3
    run.summary["best"] = 0.125
    run.alert("Look here", "the loss is low", level=client.AlertLevel.WARN)
    run.finish()
    run = client.init(project="digits", name="second", id="secondrun", dir=folder, mode="offline", settings=settings)
    run.log({"loss": 1.5})
    run.finish(exit_code=1)
    for path in [*folder.rglob("*")]:
        if path.is_symlink() or (path.is_file() and path.suffix != ".wandb"):
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return {"firstrun": points, "secondrun": {"loss": [[0, 1.5]]}}


def trackio(folder: Path) -> dict[str, Logged]:
    """A project with two runs."""
    import trackio as client

    points: Logged = {"loss": [], "odd": []}
    client.init(project="digits", name="first", config={"lr": 0.1, "nested": {"a": 1}})
    for step in range(0, 200, 2):
        client.log({"loss": curve(step)}, step=step)
        points["loss"].append([step, curve(step)])
    for step, value in ((200, math.nan), (201, math.inf), (202, -math.inf)):
        client.log({"odd": value}, step=step)
        points["odd"].append([step, value])
    client.log(
        {"weights": client.Histogram([1, 2, 3, 4]), "note": client.Markdown("# words"), "word": "left out"}, step=203
    )
    client.alert("Look here", text="the loss is low", level=client.AlertLevel.WARN)
    client.log_system({"cpu": 12.5, "gpu/0/utilization": 80})
    client.finish()
    client.init(project="digits", name="second", config={"lr": 0.2})
    for step in range(10):
        client.log({"loss": curve(step, 3.0)})
    client.finish()
    for path in folder.iterdir():
        if path.suffix != ".db":
            path.unlink()
    return {"first": points, "second": {"loss": [[step, curve(step, 3.0)] for step in range(10)]}}


def aspara(folder: Path) -> dict[str, Logged]:
    """A run of each backend, and an unfinished run whose newest lines are not in Parquet yet."""
    import aspara as client
    from aspara.storage.metrics.polars import PolarsMetricsStorage

    logged: dict[str, Logged] = {}
    for name, backend in (("lines", "jsonl"), ("table", "polars"), ("open", "polars")):
        points: Logged = {"loss": [], "accuracy": [], "odd": []}
        run = client.init(
            project="digits", name=name, dir=str(folder), storage_backend=backend,
            config={"lr": 0.1}, tags=["small"], notes="a note",
        )  # fmt: skip
        for step in range(0, 120, 2):
            run.log({"loss": curve(step), "accuracy": step / 120}, step=step)
            points["loss"].append([step, curve(step)])
            points["accuracy"].append([step, step / 120])
            if backend == "polars" and step in (40, 80):  # happens by itself when the JSONL file reaches its size limit
                PolarsMetricsStorage(str(folder), "digits", name)._try_archive()
        for step, value in ((120, math.nan), (121, math.inf)):
            run.log({"odd": value}, step=step)
            points["odd"].append([step, value])
        run.summary["best"] = 0.5
        if name != "open":
            run.finish(exit_code=0 if name == "lines" else 1)
        logged[name] = points
    return logged


def main() -> None:
    """Replaces all files."""
    shutil.rmtree(HERE, ignore_errors=True)
    logged = {}
    for make in (tensorboard, wandb, trackio, aspara):
        with tempfile.TemporaryDirectory(prefix="cast-") as scratch:  # wandb and trackio store their working directory
            os.chdir(scratch)
            os.environ["TRACKIO_DIR"] = scratch
            logged[make.__name__] = make(Path(scratch))
            shutil.copytree(scratch, HERE / make.__name__)
    (HERE / "logged.json").write_text(json.dumps(logged) + "\n")


if __name__ == "__main__":
    main()
