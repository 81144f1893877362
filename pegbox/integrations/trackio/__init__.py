"""Experiments in a Trackio Space, in Trackio's own server, or in Pegbox's monitor."""

from pegbox.integrations.trackio.client import TrackioAPIClient

__all__ = ["TrackioAPIClient"]
