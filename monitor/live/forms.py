"""How messages are put into frames: one each, many in one, or with the run's name. Made once for all viewers of a position."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

Form = Callable[[list[str]], list[str]]
"""Messages in, frames out. Equal forms share what they made, so a form is a function or a frozen value."""

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
    # Envelopes begin with seq and kind, so neither has to be decoded again.
    seq, kind, _ = text.split(",", 2)
    return f"id: {seq[len(SEQ) :]}\nevent: {kind[len(KIND) : -1]}\ndata: {text}\n\n"


@dataclass(frozen=True, slots=True)
class OfRun:
    """A frame for each message, with the `run` it belongs to before all else."""

    run: str

    def __call__(self, texts: list[str]) -> list[str]:
        head = f'{{"run":{json.dumps(self.run)},'
        return [head + text[1:] for text in texts]
