"""Clients of Trackio: Spaces, Trackio's own server, and Pegbox's monitor."""

from pegbox.integrations.trackio.client import TrackioAPIClient
from pegbox.integrations.trackio.monitor import ExperimentMonitor

__all__ = ["ExperimentMonitor", "TrackioAPIClient"]
