"""Four-bit loading of a base model."""

from __future__ import annotations

from typing import Any

from pegbox.inference.device import Decided, dtype_of
from pegbox.schemas.jobs.hyperparameters import Method


def quantization(method: Method, precision: Decided) -> Any:
    """How the base model is loaded: 4-bit NF4 for QLoRA and LoftQ, else `None` (as it is)."""
    if method not in ("qlora", "loftq"):
        return None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=method == "qlora",
        bnb_4bit_compute_dtype=dtype_of(precision),
    )
