"""Points as job streams send them: one flat object per point, `{"step", "loss", "lr", "gpu_util", "epoch", "ts", …}`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from monitor.live.framing import seq_and_kind
from monitor.resources.sampler import Sampler
from pegbox.schemas.base import utc_text

GAP = ""
"""A marker frame: messages are missing here and must be read from the log."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class FlatMessages:
    """Framing with one frame per point; drops all other kinds of messages."""

    sampler: Sampler

    def __call__(self, texts: list[str]) -> list[str]:
        frames = _flatten(texts, self.sampler)
        return [GAP] if frames is None else [text for _, text in frames]


@dataclass(frozen=True, slots=True)
class FlatServerEvents:
    """Framing with one `text/event-stream` chunk for all points; the event id is `seq`."""

    sampler: Sampler

    def __call__(self, texts: list[str]) -> list[str]:
        frames = _flatten(texts, self.sampler)
        if frames is None:
            return [GAP]
        return ["".join(f"id: {seq}\ndata: {text}\n\n" for seq, text in frames)] if frames else []


def _flatten(texts: list[str], sampler: Sampler) -> list[tuple[str, str]] | None:
    """Returns cursor and flat JSON of each point; None when the messages contain a reset."""
    frames = []
    for text in texts:
        seq, kind = seq_and_kind(text)
        if kind == "reset":
            return None
        if kind == "point":
            frames.append((seq, _encode(flat_point(int(seq), _decode(text)["data"], sampler)).decode()))
    return frames


def flat_point(seq: int, data: dict[str, Any], sampler: Sampler) -> dict[str, Any]:
    """Returns a point with the API's stream names first, then all metrics under their own names.

    `loss` and `lr` are `train_loss` and `learning_rate` unless the run logs metrics called `loss` and `lr`. Missing values are
    null.
    """
    values: dict[str, Any] = data["values"]
    known = {
        "step": data["step"],
        "loss": values.get("loss", values.get("train_loss")),
        "lr": values.get("lr", values.get("learning_rate")),
        "gpu_util": values.get("gpu_util", sampler.gpu_percent_at(data["time"])),
        "epoch": data["epoch"],
        "ts": utc_text(datetime.fromtimestamp(data["time"], UTC)),
        "seq": seq,
    }
    return known | {name: value for name, value in values.items() if name not in known}
