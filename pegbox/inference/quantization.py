"""4-bit quantization of base models."""

from __future__ import annotations

from typing import Any

from pegbox.inference.device import ResolvedPrecision, dtype_of
from pegbox.schemas.jobs.hyperparameters import Method


def quantization_config(method: Method, precision: ResolvedPrecision) -> Any:
    """The quantization config for loading the base model: 4-bit NF4 for QLoRA and LoftQ, else `None`."""
    if method not in ("qlora", "loftq"):
        return None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=method == "qlora",
        bnb_4bit_compute_dtype=dtype_of(precision),
    )
