"""Loads all that a training will need, so that a waiting child starts its first step without importing anything."""

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
    """Imports the trainer with torch, transformers and trl, and says what this machine can run."""
    for name in MODULES:
        importlib.import_module(name)
    from pegbox.inference.device import capabilities

    return capabilities()
