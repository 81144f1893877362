"""LoRA, QLoRA and LoftQ adapters: small trainable weights added to a frozen base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from pegbox.errors import UnusableContentError
from pegbox.inference.device import ResolvedPrecision, device_map
from pegbox.inference.quantization import quantization_config
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Method


def attach_adapter(model: Any, base: Path, values: Hyperparameters) -> Any:
    """Adds an untrained adapter to a model. A LoftQ adapter is initialized with the quantization error of the base model.

    Raises `UnusableContentError` when the adapter does not fit the model.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=values.lora_r,
        lora_alpha=values.lora_alpha,
        lora_dropout=values.lora_dropout,
        target_modules=values.target_modules or "all-linear",
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(values.seed)
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:
        raise UnusableContentError(f"The adapter does not fit this model: {str(error).splitlines()[0]}") from error
    if values.method == "loftq":
        _start_from_quantization_error(adapted, base)
    return adapted


def _start_from_quantization_error(adapted: Any, base: Path) -> None:
    """LoftQ: sets B·A to the best approximation, within the adapter's rank, of original minus quantized weights."""
    from bitsandbytes.functional import dequantize_4bit
    from peft.tuners.lora.bnb import Linear4bit
    from transformers import AutoModelForCausalLM

    original = AutoModelForCausalLM.from_pretrained(base, dtype="auto", use_safetensors=True)
    for name, module in adapted.named_modules():
        if not isinstance(module, Linear4bit):
            continue
        weight = original.get_submodule(name.removeprefix("base_model.model.")).weight
        quantized = dequantize_4bit(module.weight.data, module.weight.quant_state).float()
        left, sizes, right = torch.linalg.svd(weight.data.to(quantized.device).float() - quantized, full_matrices=False)
        rank = module.r["default"]
        roots = sizes[:rank].sqrt()
        module.lora_A["default"].weight.data = roots[:, None] * right[:rank]
        # The adapter's output is scaled by alpha/r, which would scale the correction too.
        module.lora_B["default"].weight.data = left[:, :rank] * roots / module.scaling["default"]


def merge(
    base: Path, adapter: Path, target: Path, tokenizer: Any, *, method: Method, precision: ResolvedPrecision
) -> None:
    """Merges an adapter into the base weights and writes a model to `target` that loads without peft."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    if method == "loftq":
        # A LoftQ adapter corrects the quantization error, so the adapter is merged into the quantized weights.
        quantized = quantization_config(method, precision)
        model = AutoModelForCausalLM.from_pretrained(
            base, quantization_config=quantized, device_map=device_map(), use_safetensors=True
        ).dequantize()
    else:
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", use_safetensors=True)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    merged.save_pretrained(target)
    tokenizer.save_pretrained(target)
