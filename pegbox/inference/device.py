"""What this machine can train with, and how: methods, precision, device. Loads torch, so only the child asks."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import Literal

import psutil
import torch

from pegbox.errors import UnusableContentError
from pegbox.schemas.jobs.hyperparameters import METHOD_NAMES, Method, Optimizer, Precision
from pegbox.schemas.jobs.queue import Capabilities

Decided = Literal["fp32", "bf16", "fp16"]

QUANTIZED: tuple[Method, ...] = ("qlora", "loftq")

_PROCESS = psutil.Process()


def has_gpu() -> bool:
    """Whether an NVIDIA GPU can be used."""
    return bool(torch.cuda.is_available())


def capabilities() -> Capabilities:
    """The methods that run here, and for each other one the reason why not."""
    problem = _quantization_problem()
    refusals = {method: problem.format(METHOD_NAMES[method]) for method in QUANTIZED} if problem else {}
    every: tuple[Method, ...] = ("full", "lora", "qlora", "loftq")
    return Capabilities(
        methods=[method for method in every if method not in refusals],
        refusals=refusals,
        gpus=[torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())] if has_gpu() else [],
        torch=str(torch.__version__),
        cpu_count=os.cpu_count() or 1,
    )


@cache
def _quantization_problem() -> str | None:
    """Why no base model can be kept in 4 bits here, as a sentence with a place for the method; tried out, not guessed."""
    if importlib.util.find_spec("bitsandbytes") is None:
        return (
            "{} keeps the base model in 4 bits, which needs the package bitsandbytes: pip install 'pegbox[quantize]'."
        )
    try:
        from bitsandbytes.functional import dequantize_4bit, quantize_4bit

        weight = torch.ones(64, 64, device="cuda" if has_gpu() else "cpu")
        dequantize_4bit(*quantize_4bit(weight, quant_type="nf4"))
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        return "{} keeps the base model in 4 bits, which bitsandbytes cannot do on this machine: " + reason[0]
    return None


def require_method(method: Method) -> None:
    """Raises `UnusableContentError` with the reason when `method` cannot run here; nothing else is trained in its stead."""
    reason = capabilities().refusals.get(method)
    if reason:
        raise UnusableContentError(reason)


def require_optimizer(optimizer: Optimizer) -> None:
    """Raises `UnusableContentError` when `optimizer` cannot run here."""
    if "8bit" in optimizer and (not has_gpu() or importlib.util.find_spec("bitsandbytes") is None):
        raise UnusableContentError(
            f"The optimizer {optimizer} needs an NVIDIA GPU and the package bitsandbytes; choose adamw_torch instead."
        )


def device_map() -> dict[str, str | int]:
    """Where a quantized model goes; others are moved by the trainer."""
    return {"": 0 if has_gpu() else "cpu"}


def decide_precision(wanted: Precision) -> Decided:
    """bf16 where the GPU can, else fp16 on a GPU, else fp32. A wish that the hardware cannot fulfil is refused."""
    if wanted == "auto":
        if not has_gpu():
            return "fp32"
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if wanted == "fp16" and not has_gpu():
        raise UnusableContentError("fp16 needs a GPU; on this machine choose fp32, bf16 or auto.")
    if wanted == "bf16" and has_gpu() and not torch.cuda.is_bf16_supported():
        raise UnusableContentError("This GPU cannot compute in bf16; choose fp16 or auto.")
    return wanted


def memory_bytes() -> int:
    """Memory that the training takes: on the GPU what torch has reserved, else what the process has resident."""
    if has_gpu():
        return int(torch.cuda.memory_reserved())
    return int(_PROCESS.memory_info().rss)


def dtype_of(precision: Decided) -> torch.dtype:
    """The torch type behind a precision."""
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
