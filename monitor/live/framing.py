"""How messages are put into frames: one each, many in one, or with the run's name. Made once for all viewers of a position."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

Framing = Callable[[list[str]], list[str]]
"""Messages in, frames out. Equal forms share what they made, so a framing is a function or a frozen value."""

SEQ = '{"seq":'
KIND = '"kind":"'


def as_messages(texts: list[str]) -> list[str]:
    """A frame for each message."""
    return texts


def as_array(texts: list[str]) -> list[str]:
    """One frame, a JSON array, however many messages there are."""
    return [f"[{','.join(texts)}]"] if texts else []


def as_server_events(texts: list[str]) -> list[str]:
    """One piece of a `text/event-stream`: `seq` is the id, `kind` the event, the whole envelope the data."""
    return ["".join(map(_server_event, texts))] if texts else []


def _server_event(text: str) -> str:
    seq, kind = seq_and_kind(text)
    return f"id: {seq}\nevent: {kind}\ndata: {text}\n\n"


def seq_and_kind(text: str) -> tuple[str, str]:
    """Of an envelope, without decoding it: it begins with them."""
    seq, kind, _ = text.split(",", 2)
    return seq[len(SEQ) :], kind[len(KIND) : -1]


@dataclass(frozen=True, slots=True)
class WithRunId:
    """A frame for each message, with the `run` it belongs to before all else."""

    run: str

    def __call__(self, texts: list[str]) -> list[str]:
        head = f'{{"run":{json.dumps(self.run)},'
        return [head + text[1:] for text in texts]
