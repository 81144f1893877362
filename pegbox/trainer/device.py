"""What this machine can train with, and how: methods, precision, device. Loads torch, so only the child asks."""

from __future__ import annotations

import importlib.util
import os
from typing import Literal

import psutil
import torch

from pegbox.errors import UnusableContentError
from pegbox.schemas.hyperparameters import Method, Precision
from pegbox.schemas.queue import Capabilities

Decided = Literal["fp32", "bf16", "fp16"]

_PROCESS = psutil.Process()


def has_gpu() -> bool:
    """Whether an NVIDIA GPU can be used."""
    return bool(torch.cuda.is_available())


def capabilities() -> Capabilities:
    """The methods that run here, and for each other one the reason why not."""
    refusals: dict[str, str] = {}
    bitsandbytes = importlib.util.find_spec("bitsandbytes") is not None
    for method, label in (("qlora", "QLoRA"), ("loftq", "LoftQ")):
        if not has_gpu():
            refusals[method] = (
                f"{label} keeps the base model in 4 bits, which needs an NVIDIA GPU; this machine has none."
            )
        elif not bitsandbytes:
            refusals[method] = f"{label} needs the package bitsandbytes: pip install 'pegbox[quantize]'."
    every: tuple[Method, ...] = ("full", "lora", "qlora", "loftq")
    return Capabilities(
        methods=[method for method in every if method not in refusals],
        refusals=refusals,
        gpus=[torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())] if has_gpu() else [],
        torch=str(torch.__version__),
        cpu_count=os.cpu_count() or 1,
    )


def require_method(method: Method) -> None:
    """Raises `UnusableContentError` with the reason when `method` cannot run here; nothing else is trained in its stead."""
    reason = capabilities().refusals.get(method)
    if reason:
        raise UnusableContentError(reason)


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
