"""Training methods, precisions and devices that this machine supports. Imports torch, so the worker must not import it."""

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

ResolvedPrecision = Literal["fp32", "bf16", "fp16"]

QUANTIZED: tuple[Method, ...] = ("qlora", "loftq")

_PROCESS = psutil.Process()


def has_gpu() -> bool:
    """Whether torch can use an NVIDIA GPU."""
    return bool(torch.cuda.is_available())


def capabilities() -> Capabilities:
    """The supported methods, the reason for each unsupported method, and the hardware."""
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
    """Why 4-bit quantization does not work here, with `{}` for the method; `None` if a trial quantization succeeds."""
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
    """Raises `UnusableContentError` with the reason when `method` is not supported here. There is no fallback to another method."""
    reason = capabilities().refusals.get(method)
    if reason:
        raise UnusableContentError(reason)


def require_optimizer(optimizer: Optimizer) -> None:
    """Raises `UnusableContentError` when `optimizer` is not supported here."""
    if "8bit" in optimizer and (not has_gpu() or importlib.util.find_spec("bitsandbytes") is None):
        raise UnusableContentError(
            f"The optimizer {optimizer} needs an NVIDIA GPU and the package bitsandbytes; choose adamw_torch instead."
        )


def device_map() -> dict[str, str | int]:
    """The device map of a quantized model. The trainer moves other models to their device."""
    return {"": 0 if has_gpu() else "cpu"}


def resolve_precision(wanted: Precision) -> ResolvedPrecision:
    """Resolves `auto` to bf16 or, on GPUs without bf16, fp16; on a CPU to fp32.

    Raises `UnusableContentError` when the hardware does not support the requested precision.
    """
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
    """Memory of the training in bytes: reserved by torch on the GPU, else the resident memory of this process."""
    if has_gpu():
        return int(torch.cuda.memory_reserved())
    return int(_PROCESS.memory_info().rss)


def dtype_of(precision: ResolvedPrecision) -> torch.dtype:
    """The torch data type of a precision."""
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
