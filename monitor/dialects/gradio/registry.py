"""Which functions Gradio's clients may call."""

from __future__ import annotations

from functools import cache

from monitor.dialects.functions import Registry
from monitor.dialects.spaces.registry import registry as spaces
from monitor.dialects.trackio.registry import registry as trackio


@cache
def registry() -> Registry:
    """All of them, for calls in two steps."""
    return Registry((*spaces().functions, *trackio().functions))


@cache
def queue_registry() -> Registry:
    """Those with a number in the queue, whose clients would fetch every `path` in an answer as a file."""
    return Registry(function for function in registry().functions if not function.answers_paths)
