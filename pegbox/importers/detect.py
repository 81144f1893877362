"""Finds the runs of other trackers in a file or folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pegbox.errors import NotFoundError, UnusableContentError
from pegbox.importers import aspara, tensorboard, trackio, wandb
from pegbox.importers.sources import SourceRun

FORMATS = ("tensorboard", "wandb", "trackio", "aspara")
SUPPORTED_FILES = "event files of TensorBoard, .wandb files, Trackio's .db files and Aspara's .jsonl files"


def find_runs(path: Path, only: str | None = None) -> Iterator[SourceRun | UnusableContentError]:
    """Yields the runs in a file, or in a folder and its subfolders. Does not follow links to folders.

    A damaged source yields its error, so that the other runs can be imported. `only` restricts the search to one of `FORMATS`.
    Raises `NotFoundError` when nothing is found.
    """
    resolved = path.expanduser().resolve()
    if not resolved.exists():
        raise NotFoundError(f"There is no {path}")
    root = resolved if resolved.is_dir() else resolved.parent
    seen: set[str] = set()
    damage = False
    for folder, files in _folders(resolved):
        for run in _runs_in(folder, root, files, only):
            if isinstance(run, UnusableContentError):
                damage = True
            elif run.run_id in seen:  # a run of several files is found at each of them
                continue
            else:
                seen.add(run.run_id)
            yield run
    if not seen and not damage:
        raise NotFoundError(f"{path} holds nothing to import: looked for {SUPPORTED_FILES}")


def _folders(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    if path.is_file():
        yield path.parent, [path]
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield Path(folder), [Path(folder, name) for name in sorted(names)]


def _runs_in(
    folder: Path, root: Path, files: list[Path], only: str | None
) -> Iterator[SourceRun | UnusableContentError]:
    present = [file for file in files if file.is_file()]
    if only in (None, "tensorboard") and (events := [file for file in present if tensorboard.MARK in file.name]):
        yield tensorboard.read_run(folder, root, events)
    sources: list[tuple[str, Callable[[], Iterator[SourceRun]]]] = [
        *(("wandb", partial(_single, wandb.read_run, file)) for file in present if file.suffix == wandb.SUFFIX),
        *(("trackio", partial(trackio.read_runs, file)) for file in present if trackio.is_project(file)),
        *(("aspara", partial(_single, aspara.read_run, folder, name)) for name in _aspara_runs(folder, present, only)),
    ]
    for source_format, runs_in in sources:
        if only in (None, source_format):
            try:
                yield from runs_in()
            except UnusableContentError as error:
                yield error
            except OSError as error:
                yield UnusableContentError(f"{folder}: {error}")


def _single(read: Callable[..., SourceRun], *location: object) -> Iterator[SourceRun]:
    yield read(*location)


def _aspara_runs(folder: Path, files: list[Path], only: str | None) -> list[str]:
    """Names of the runs. JSON lines without metadata count only when requested, because other programs write such files too."""
    names = dict.fromkeys(name for file in files if (name := aspara.run_name(file)))
    is_requested = only == "aspara" or len(files) == 1
    return [name for name in names if is_requested or (folder / f"{name}{aspara.META}").is_file()]
