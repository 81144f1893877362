"""Finds and loads the weights of a base model: the offline starter, a local folder, or a model of the hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pegbox.data.rows import Row
from pegbox.errors import NotFoundError, PermissionDeniedError, UnreachableError, UnusableContentError
from pegbox.inference.device import ResolvedPrecision, device_map, dtype_of, has_gpu
from pegbox.inference.encoding import ensure_chat_template
from pegbox.inference.quantization import quantization_config
from pegbox.inference.starter import build_starter
from pegbox.schemas.jobs.hyperparameters import Method
from pegbox.schemas.jobs.queue import BaseModelSpec

HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"]
"""Patterns of downloaded files. Weights as safetensors only: other formats can run code when loaded."""

OPTIMIZER_BYTES_PER_PARAMETER = 16
"""Full fine-tuning in fp32: weight, gradient and two moments of Adam, four bytes each."""


@dataclass(frozen=True)
class LoadedModel:
    """A model and its tokenizer, ready for training. `folder` holds the unchanged base weights."""

    model: Any
    tokenizer: Any
    folder: Path
    has_chat_template: bool


def find_weights(spec: BaseModelSpec, rows: Sequence[Row], work: Path, seed: int) -> Path:
    """The folder of the base model. Builds a starter or downloads a hub model if needed.

    Raises `NotFoundError`, `PermissionDeniedError` (gated), `UnreachableError` or `UnusableContentError`; the message says what
    to do.
    """
    if spec.source == "starter":
        return build_starter(work / "starter", rows, seed=seed)
    if spec.source == "local":
        return _check_folder(Path(spec.location).expanduser(), spec.location)
    return fetch_from_hub(spec.location)


def fetch_from_hub(hub_id: str) -> Path:
    """The snapshot of a hub model: the local copy when complete, else a download. Raises what `find_weights` raises."""
    from huggingface_hub import constants, errors, snapshot_download

    try:
        local = Path(snapshot_download(hub_id, allow_patterns=HUB_FILES, local_files_only=True))
        if _is_complete(local):
            return local
    except errors.LocalEntryNotFoundError:
        pass
    except errors.HFValidationError as error:
        raise UnusableContentError(f"'{hub_id}' is no hub id; it looks like owner/name.") from error
    try:
        return _check_folder(Path(snapshot_download(hub_id, allow_patterns=HUB_FILES)), hub_id)
    except errors.GatedRepoError as error:
        raise PermissionDeniedError(
            f"{hub_id} is gated: accept its licence on {constants.ENDPOINT}/{hub_id} and set HF_TOKEN to a token of that account."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise NotFoundError(
            f"{constants.ENDPOINT} has no model {hub_id}, or it is private and HF_TOKEN is not set to a token that may read it."
        ) from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, errors.OfflineModeIsEnabled, OSError) as error:
        raise UnreachableError(
            f"The model hub {constants.ENDPOINT} is out of reach and {hub_id} is not on this machine yet."
        ) from error


def load(folder: Path, *, method: Method, precision: ResolvedPrecision, name: str) -> LoadedModel:
    """Loads weights and tokenizer with the data type and quantization for `method`.

    Raises `UnusableContentError` when the folder holds no usable language model; `name` is the model's name in the message.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quantized = quantization_config(method, precision)
    # A frozen base can stay in half precision; full fine-tuning needs fp32, or small updates would be rounded away.
    dtype = torch.float32 if method == "full" or not has_gpu() else dtype_of(precision)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            quantization_config=quantized,
            device_map=device_map() if quantized else None,
            use_safetensors=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnusableContentError(f"{name} cannot be loaded as a language model: {first_line}") from error
    if quantized and not has_gpu():
        _disable_avx512_repacking(model)
    if tokenizer.eos_token is None:
        raise UnusableContentError(f"The tokenizer of {name} has no end token, so its answers would never end.")
    has_template = ensure_chat_template(tokenizer)
    if method == "full" and has_gpu() and precision == "bf16" and not _fits_in_fp32(model):
        model = model.to(torch.bfloat16)
    return LoadedModel(model, tokenizer, folder, has_template)


def _disable_avx512_repacking(model: Any) -> None:
    """Turns off the AVX512-BF16 weight format of bitsandbytes.

    On CPUs with AVX512-BF16, bitsandbytes repacks 4-bit weights for each evaluation and unpacks them for training. Repacking
    rounds the scale of each block to bf16, so evaluations would change the model, and fails for layers narrower than a block.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _fits_in_fp32(model: Any) -> bool:
    needed = sum(parameter.numel() for parameter in model.parameters()) * OPTIMIZER_BYTES_PER_PARAMETER
    return bool(needed < 0.8 * torch.cuda.get_device_properties(0).total_memory)


def _check_folder(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {name} on the machine of this worker.")
    if not (folder / "config.json").is_file():
        raise UnusableContentError(f"{name} holds no model: config.json is missing.")
    if not _is_complete(folder):
        raise UnusableContentError(f"{name} is incomplete: it lacks safetensors weights or its tokenizer.")
    return folder


def _is_complete(folder: Path) -> bool:
    """Whether the folder contains config, tokenizer and all shards of the weights."""
    tokenizer = any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json"))
    index = folder / "model.safetensors.index.json"
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()) if index.is_file() else None
    except (OSError, ValueError, KeyError):
        return False
    weights = all((folder / shard).is_file() for shard in shards) if shards else any(folder.glob("*.safetensors"))
    return tokenizer and weights and (folder / "config.json").is_file()
