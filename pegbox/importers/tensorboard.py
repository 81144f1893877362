"""Reads TensorBoard's event files. Each folder with event files is a run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pegbox.importers.formats.protobuf import double, fields, raw, signed, single, text
from pegbox.importers.formats.tensor import histogram_of, histogram_of_rows, numbers_of, texts_of
from pegbox.importers.formats.tfrecord import records
from pegbox.importers.points import PointBuilder, point
from pegbox.importers.sources import SourceRecord, SourceRun, SourceStream, damage_error
from pegbox.importers.values import MAX_NAME, is_step, label, unix_time
from pegbox.sdk.recording.batch import Event, MediaEntry, Rewind
from pegbox.sdk.recording.media import Text

MARK = "tfevents"
MAX_TAGS = 10_000
FILE_VERSION, GRAPH, SUMMARY, LOG, SESSION, META_GRAPH = 3, 4, 5, 6, 7, 9
SESSION_START = 1
PLUGINS = (b"scalars", b"histograms", b"text", b"hparams", b"images", b"audio")
LEFT_OUT = {4: "image", 6: "audio"}
HYPERPARAMETERS = "_hparams_/session_start_info"


def read_run(folder: Path, root: Path, files: list[Path]) -> SourceRun:
    """The run of a folder. The experiment is named after `root`, the folder that is imported."""
    relative = folder.relative_to(root).as_posix()
    run = SourceRun(
        format="tensorboard",
        origin=folder,
        key="",
        experiment=label(root.name, "tensorboard"),
        name=label(root.name if relative == "." else relative, "run"),
        streams=[],
    )
    for file in sorted(files):  # the name starts with the time of creation
        run.streams.append(SourceStream(file.name, partial(read_events, run, file)))
    return run


def read_events(run: SourceRun, path: Path, after: int) -> Iterator[SourceRecord]:
    """Yields the records after a byte offset of an event file. Raises `UnusableContentError` for damage.

    Parses the file from its start, because only the first value of a tag names the plugin of the tag.
    """
    group = PointBuilder()
    plugins: dict[str, str] = {}
    begin = 0
    with path.open("rb") as file:
        for end, data in records(file, path, verified=after):
            if data is None:
                run.left_out["record of more than 64 MiB"] += 1
                continue
            if end <= after and not any(name in data for name in PLUGINS):
                begin = end
                continue
            try:
                event = _Event(run, plugins, data)
            except ValueError as error:
                raise damage_error(path, begin, str(error)) from None
            begin = end
            if end <= after:
                continue
            others = event.others()
            if not others:
                if event.numbers and (record := group.add(end, event.step, event.time, event.numbers)):
                    yield record
                continue
            if record := group.close():
                yield record
            values = (point(event.step, event.time, event.numbers),) if event.numbers else ()
            yield SourceRecord(end, (*others, *values))
    if record := group.close():
        yield record


class _Event:
    """One decoded event. Decoding adds to `plugins` and to the run's config. Raises `ValueError`."""

    def __init__(self, run: SourceRun, plugins: dict[str, str], data: bytes) -> None:
        self.step = 0
        self.time = 0.0
        self.numbers: dict[str, float] = {}
        self._media: list[tuple[str, dict[str, Any]]] = []
        self._rewinds = False
        self._run = run
        summary = b""
        for number, value in fields(data):
            if number == 1:
                self.time = unix_time(double(value))
            elif number == 2:
                self.step = signed(value)
            elif number == SUMMARY:
                summary = raw(value)
            elif number == SESSION:
                self._rewinds = any(inner == (1, SESSION_START) for inner in fields(raw(value)))
            elif number in (GRAPH, META_GRAPH):
                run.left_out["graph"] += 1
        for number, value in fields(summary):
            if number == 1:
                self._decode_value(plugins, raw(value))
        if not is_step(self.step):
            run.left_out["step beyond 2^53"] += 1
            self.step, self.numbers, self._media, self._rewinds = 0, {}, [], False

    def others(self) -> list[Rewind | MediaEntry | Event]:
        """Entries other than points: histograms, texts, and a rewind when a session restarted at a step."""
        rewind: list[Rewind | MediaEntry | Event] = [Rewind(self.step - 1)] if self._rewinds and self.step > 0 else []
        return [*rewind, *(MediaEntry(self.step, self.time, name[:MAX_NAME], data) for name, data in self._media)]

    def _decode_value(self, plugins: dict[str, str], message: bytes) -> None:
        """Decodes one value of a summary."""
        tag = ""
        held: dict[int, bytes] = {}
        for number, value in fields(message):
            if number == 1:
                tag = text(value)
            else:
                held[number] = raw(value)
        plugin, content = _plugin(held.get(9, b""))
        if plugin and tag not in plugins and len(plugins) < MAX_TAGS:
            plugins[tag] = plugin
        plugin = plugin or plugins.get(tag, "")
        if plugin == "hparams":
            if tag == HYPERPARAMETERS:
                self._run.config.update(_hyperparameters(content))
        elif not tag:
            self._run.left_out["value without a tag"] += 1
        elif 2 in held:
            self.numbers[tag] = single(held[2])
        elif 5 in held:
            self._add_media(tag, histogram_of(held[5]), "histogram")
        elif 8 in held:
            self._decode_tensor(tag, plugin, held[8])
        else:
            self._run.left_out[next((LEFT_OUT[number] for number in held if number in LEFT_OUT), "value")] += 1

    def _decode_tensor(self, tag: str, plugin: str, message: bytes) -> None:
        if plugin == "text":
            self._add_media(tag, Text("\n\n".join(texts_of(message)[:1000])).data, "text")
            return
        numbers = numbers_of(message)
        if plugin == "histograms" and numbers is not None:
            self._add_media(tag, histogram_of_rows(numbers), "histogram")
        elif plugin in ("scalars", "") and numbers is not None and len(numbers) == 1:
            self.numbers[tag] = float(numbers[0])
        else:
            self._run.left_out[label(plugin, "tensor").removesuffix("s")] += 1

    def _add_media(self, tag: str, data: dict[str, Any] | None, kind: str) -> None:
        if data is None:
            self._run.left_out[kind] += 1
        else:
            self._media.append((tag, data))


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """The name and content of the plugin in a SummaryMetadata message."""
    name, content = "", b""
    for number, value in fields(metadata):
        if number == 1:
            for inner, item in fields(raw(value)):
                if inner == 1:
                    name = text(item)
                elif inner == 2:
                    content = raw(item)
    return name, content


def _hyperparameters(content: bytes) -> dict[str, Any]:
    """The hyperparameters in the hparams plugin's SessionStartInfo message, a map from names to protobuf Values."""
    found: dict[str, Any] = {}
    for number, value in fields(content):
        if number != 3:
            continue
        for inner, item in fields(raw(value)):
            if inner == 1 and len(found) < MAX_TAGS:
                entry = dict(fields(raw(item)))
                found[text(entry.get(1, b""))[:MAX_NAME]] = _value(raw(entry.get(2, b"")))
    return found


def _value(message: bytes) -> float | str | bool | None:
    for number, value in fields(message):
        if number == 2:
            return double(value)
        if number == 3:
            return text(value)
        if number == 4:
            return bool(value)
    return None
