"""Imports the modules of a training in advance, so that a preloaded child process starts its first step sooner."""

from __future__ import annotations

import importlib

from pegbox.schemas.jobs.queue import Capabilities

MODULES = (
    "transformers.models.auto.modeling_auto",
    "transformers.models.llama.modeling_llama",
    "transformers.models.qwen2.modeling_qwen2",
    "transformers.generation.utils",
    "transformers.tokenization_utils_tokenizers",
    "peft",
    "pegbox.sdk.recording.recovery",
    "pegbox.sdk.recording.create",
    "pegbox.trainer.sft",
)


def preload() -> Capabilities:
    """Imports the trainer with torch, transformers and trl. Returns what this machine can run."""
    for name in MODULES:
        importlib.import_module(name)
    from pegbox.inference.device import capabilities

    return capabilities()
