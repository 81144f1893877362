"""Experiments in a Trackio Space, in Trackio's own server, or in Pegbox's monitor."""

from pegbox.integrations.trackio.client import TrackioAPIClient
from pegbox.integrations.trackio.monitor import ExperimentMonitor

__all__ = ["ExperimentMonitor", "TrackioAPIClient"]
