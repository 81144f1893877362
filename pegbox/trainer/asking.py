"""Asks a finished model: loads it, whatever method made it, and answers greedily."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from pegbox.errors import NotFoundError, UnavailableError, UnusableContentError
from pegbox.trainer.cpu_settings import THREADS


def answer_question(folder: Path, question: str, *, max_new_tokens: int) -> str:
    """The answer of the model in `folder`.

    Raises NotFoundError or UnusableContentError when there is no model that can be loaded, UnavailableError without torch.
    """
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder}.")
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    try:
        import torch

        from pegbox.trainer.answers import generate
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. Install the training extra: pip install 'pegbox[train]'") from error
    model, tokenizer = _load(folder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return generate(model.to(device).eval(), tokenizer, [question], max_new_tokens=max_new_tokens)[0]


def _load(folder: Path) -> tuple[Any, Any]:
    import transformers
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from pegbox.trainer.encoding import ensure_chat_template

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    merged = folder / "merged"
    whole = merged if merged.is_dir() else folder
    loader = AutoPeftModelForCausalLM if (whole / "adapter_config.json").is_file() else AutoModelForCausalLM
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = loader.from_pretrained(whole, dtype="auto")
    except (OSError, ValueError) as error:
        raise UnusableContentError(f"{folder} cannot be loaded: {str(error).splitlines()[0]}") from error
    ensure_chat_template(tokenizer)
    return model, tokenizer
