"""Response bodies of Gradio's routes."""

from __future__ import annotations

from pegbox.schemas.base import Wire


class Called(Wire):
    """The result is at `GET /gradio_api/call/{api_name}/{event_id}`."""

    event_id: str


class Joined(Wire):
    """The id of the call in the session's stream."""

    event_id: str


class Handed(Wire):
    success: bool = True
