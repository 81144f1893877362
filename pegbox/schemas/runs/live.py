"""API models of live streams: the envelope of WebSocket, server-sent events and long polling."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pegbox.schemas.base import Wire


class Envelope(Wire):
    """One message of a run's feed.

    `point` {step, time, epoch, values} · `event` {step, time, kind, title, detail, level} ·
    `samples` {step, time, name, rows} · `media` {step, time, name, data} ·
    `resource` (a resource sample of the machine) · `status` {state, progress_percent, step, total_steps, eta_seconds, phase} ·
    `end` {state} · `reset` {}: read the series again and continue from `seq`.
    """

    seq: int = Field(description="Resume with `?after=` this.")
    kind: Literal["point", "event", "samples", "media", "resource", "status", "end", "reset"]
    data: dict[str, Any]
