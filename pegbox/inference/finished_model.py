"""Loads a finished model (full, merged or an adapter) and answers questions."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import Any

from pegbox.errors import NotFoundError, UnavailableError, UnusableContentError
from pegbox.schemas.question import AnswerLine
from pegbox.worker.processes.cpu_settings import THREADS


class FinishedModel:
    """A finished model in memory.

    Raises `NotFoundError` for a missing folder, `UnusableContentError` when the model cannot be loaded, `UnavailableError` when
    torch is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotFoundError(f"There is no folder {folder}.")
        for name, value in THREADS.items():
            os.environ.setdefault(name, value)
        try:
            import torch

            from pegbox.inference.generate import generate
        except ModuleNotFoundError as error:
            raise UnavailableError(f"{error}. Install the training extra: pip install 'pegbox[train]'") from error
        self.folder = folder
        self._generate = generate
        model, self._tokenizer = _load(folder)
        self._model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    def answer(self, question: str, *, max_new_tokens: int) -> AnswerLine:
        """Answers one question. The result has the answer, its number of tokens and the duration in seconds."""
        began = time.monotonic()
        text = self._generate(self._model, self._tokenizer, [question], max_new_tokens=max_new_tokens)[0]
        count = len(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        return AnswerLine(answer=text, tokens=count, seconds=time.monotonic() - began)


def answer_question(folder: Path, question: str, *, max_new_tokens: int) -> str:
    """Loads the model in `folder` and answers one question. Raises what `FinishedModel` raises."""
    return FinishedModel(folder).answer(question, max_new_tokens=max_new_tokens).answer


def _load(folder: Path) -> tuple[Any, Any]:
    import transformers
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from pegbox.inference.encoding import ensure_chat_template

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    merged = folder / "merged"
    weights = merged if merged.is_dir() else folder
    loader = AutoPeftModelForCausalLM if (weights / "adapter_config.json").is_file() else AutoModelForCausalLM
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = loader.from_pretrained(weights, dtype="auto")
    except (OSError, ValueError) as error:
        raise UnusableContentError(f"{folder} cannot be loaded: {str(error).splitlines()[0]}") from error
    ensure_chat_template(tokenizer)
    return model, tokenizer
