"""Generates answers: greedy decoding in batches. Does not change the random state of a training."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy
import torch

from pegbox.data.rows import Row
from pegbox.inference.encoding import render_prompt
from pegbox.schemas.jobs.queue import Answer, ExactMatch

ANSWER_BATCH = 64
MAX_ANSWER_TOKENS = 256
EXTRA_TOKENS = 8
"""Tokens beyond the longest expected answer, so that an answer that does not end in time is recognizable."""


@contextmanager
def preserve_random_state() -> Iterator[None]:
    """Restores the state of the random number generators of Python, NumPy and torch on exit."""
    states = (random.getstate(), numpy.random.get_state(), torch.get_rng_state())
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    try:
        yield
    finally:
        random.setstate(states[0])
        numpy.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


def answer_rows(model: Any, tokenizer: Any, rows: Sequence[Row]) -> list[Answer]:
    """Answers the question of each row. Restores the training mode of the model."""
    longest = max((len(ids) for ids in tokenizer([row.completion for row in rows])["input_ids"]), default=0)
    max_new_tokens = min(MAX_ANSWER_TOKENS, longest + EXTRA_TOKENS)
    answers: list[Answer] = []
    for start in range(0, len(rows), ANSWER_BATCH):
        batch = rows[start : start + ANSWER_BATCH]
        texts = generate(model, tokenizer, [row.prompt for row in batch], max_new_tokens=max_new_tokens)
        answers += [
            Answer(prompt=row.prompt, expected=row.completion, answer=text)
            for row, text in zip(batch, texts, strict=True)
        ]
    return answers


def generate(
    model: Any, tokenizer: Any, questions: Sequence[str], *, max_new_tokens: int = MAX_ANSWER_TOKENS
) -> list[str]:
    """Answers all questions in one batch by greedy decoding. Restores the training mode of the model."""
    was_training = model.training
    model.eval()
    try:
        batch = tokenizer(
            [render_prompt(tokenizer, question) for question in questions],
            add_special_tokens=False,
            padding=True,
            padding_side="left",
            return_tensors="pt",
            return_token_type_ids=False,
        ).to(model.device)
        with torch.no_grad(), preserve_random_state():
            output = model.generate(
                **batch,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                use_cache=True,
                pad_token_id=tokenizer.pad_token_id,
                # Unset, because the sampling values of a model's generation config cause warnings with greedy decoding.
                temperature=None,
                top_p=None,
                top_k=None,
            )
    finally:
        model.train(was_training)
    answers = output[:, batch["input_ids"].shape[1] :]
    return [text.strip() for text in tokenizer.batch_decode(answers, skip_special_tokens=True)]


def count_exact(answers: Sequence[Answer]) -> ExactMatch:
    """Counts answers that equal the expected ones, apart from surrounding whitespace."""
    correct = sum(answer.answer == answer.expected.strip() for answer in answers)
    return ExactMatch(correct=correct, total=len(answers))
