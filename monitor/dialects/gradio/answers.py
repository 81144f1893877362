"""Gradio's answers."""

from __future__ import annotations

from pegbox.schemas.base import Wire


class Called(Wire):
    """Where the answer waits: `GET /gradio_api/call/{api_name}/{event_id}`."""

    event_id: str


class Joined(Wire):
    """The call's id in the session's stream."""

    event_id: str


class Handed(Wire):
    success: bool = True
