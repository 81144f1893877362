"""The functions that Gradio's clients may call."""

from __future__ import annotations

from functools import cache

from monitor.dialects.functions import Registry
from monitor.dialects.spaces.registry import registry as spaces
from monitor.dialects.trackio.registry import registry as trackio


@cache
def registry() -> Registry:
    """Returns all functions, for calls in two steps."""
    return Registry((*spaces().functions, *trackio().functions))


@cache
def queue_registry() -> Registry:
    """Returns the functions of the queue: without those whose results contain a `path`, which clients would fetch as a file."""
    return Registry(function for function in registry().functions if not function.answers_paths)
