"""Which functions Gradio's clients may call."""

from __future__ import annotations

from monitor.dialects.functions import Registry
from monitor.dialects.spaces.registry import FUNCTIONS as SPACES
from monitor.dialects.trackio.registry import FUNCTIONS as TRACKIO

registry = Registry((*SPACES, *TRACKIO))
queue_registry = Registry(function for function in registry.functions if not function.answers_paths)
"""Numbered for the queue, whose clients would fetch every `path` in an answer as a file."""
