"""Which runs a file or folder holds, whichever tracker wrote it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pegbox.errors import NotFoundError, UnusableContentError
from pegbox.importers import aspara, tensorboard, trackio, wandb
from pegbox.importers.sources import FoundRun

FORMATS = ("tensorboard", "wandb", "trackio", "aspara")
LOOKED_FOR = "event files of TensorBoard, .wandb files, Trackio's .db files and Aspara's .jsonl files"


def find_runs(path: Path, only: str | None = None) -> Iterator[FoundRun | UnusableContentError]:
    """The runs in a file, or in a folder and the folders in it, one after the other; links to folders are not followed.

    A source that does not say what it holds is given as its error, so that it does not keep the others from being imported.
    `only` looks for one format of `FORMATS`. Raises `NotFoundError` when there is nothing.
    """
    whole = path.expanduser().resolve()
    if not whole.exists():
        raise NotFoundError(f"There is no {path}")
    root = whole if whole.is_dir() else whole.parent
    seen: set[str] = set()
    damage = False
    for folder, files in _folders(whole):
        for run in _runs_in(folder, root, files, only):
            if isinstance(run, UnusableContentError):
                damage = True
            elif run.run_id in seen:  # a run of several files is whole when the first of them is met
                continue
            else:
                seen.add(run.run_id)
            yield run
    if not seen and not damage:
        raise NotFoundError(f"{path} holds nothing to import: looked for {LOOKED_FOR}")


def _folders(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    if path.is_file():
        yield path.parent, [path]
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield Path(folder), [Path(folder, name) for name in sorted(names)]


def _runs_in(
    folder: Path, root: Path, files: list[Path], only: str | None
) -> Iterator[FoundRun | UnusableContentError]:
    present = [file for file in files if file.is_file()]
    if only in (None, "tensorboard") and (events := [file for file in present if tensorboard.MARK in file.name]):
        yield tensorboard.run_in(folder, root, events)
    sources: list[tuple[str, Callable[[], Iterator[FoundRun]]]] = [
        *(("wandb", partial(_one, wandb.run_in, file)) for file in present if file.suffix == wandb.SUFFIX),
        *(("trackio", partial(trackio.runs_in, file)) for file in present if trackio.is_project(file)),
        *(("aspara", partial(_one, aspara.run_in, folder, name)) for name in _aspara_runs(folder, present, only)),
    ]
    for source_format, runs_in in sources:
        if only in (None, source_format):
            try:
                yield from runs_in()
            except UnusableContentError as error:
                yield error
            except OSError as error:
                yield UnusableContentError(f"{folder}: {error}")


def _one(read: Callable[..., FoundRun], *where: object) -> Iterator[FoundRun]:
    yield read(*where)


def _aspara_runs(folder: Path, files: list[Path], only: str | None) -> list[str]:
    """Names of the runs; of JSON lines without metadata only when somebody asked for them, as others write such files too."""
    names = dict.fromkeys(name for file in files if (name := aspara.run_name(file)))
    asked_for = only == "aspara" or len(files) == 1
    return [name for name in names if asked_for or (folder / f"{name}{aspara.META}").is_file()]
