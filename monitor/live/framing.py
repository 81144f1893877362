"""Framing: how messages become frames of a socket or stream. Frames are built once and shared by all viewers at a position."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

Framing = Callable[[list[str]], list[str]]
"""Maps messages to frames. Equal framings share cached frames, so a framing is a function or a frozen dataclass."""

SEQ = '{"seq":'
KIND = '"kind":"'


def as_messages(texts: list[str]) -> list[str]:
    """One frame per message."""
    return texts


def as_array(texts: list[str]) -> list[str]:
    """A single frame with a JSON array of all messages."""
    return [f"[{','.join(texts)}]"] if texts else []


def as_server_events(texts: list[str]) -> list[str]:
    """A `text/event-stream` chunk: event id `seq`, event type `kind`, the envelope as data."""
    return ["".join(map(_server_event, texts))] if texts else []


def _server_event(text: str) -> str:
    seq, kind = seq_and_kind(text)
    return f"id: {seq}\nevent: {kind}\ndata: {text}\n\n"


def seq_and_kind(text: str) -> tuple[str, str]:
    """Returns `seq` and `kind` of an envelope without decoding the JSON: both come first."""
    seq, kind, _ = text.split(",", 2)
    return seq[len(SEQ) :], kind[len(KIND) : -1]


@dataclass(frozen=True, slots=True)
class WithRunId:
    """One frame per message, with the id of its run as the first field, `run`."""

    run: str

    def __call__(self, texts: list[str]) -> list[str]:
        head = f'{{"run":{json.dumps(self.run)},'
        return [head + text[1:] for text in texts]
