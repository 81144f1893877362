"""Converts rows to token sequences in which only the answer counts towards the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pegbox.data.rows import Row

if TYPE_CHECKING:
    from datasets import Dataset

IGNORED_LABEL = -100
"""Label of a token that does not count towards the loss."""

PLACEHOLDER_ANSWER = "Answer-7f3a"
"""A placeholder answer that no chat template contains."""

PLAIN_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}{{ message['content'] + eos_token }}"
    "{%- else -%}{{ message['content'] + '\\n' }}{%- endif -%}"
    "{%- endfor -%}"
)
"""The chat template for models without one: question, line break, answer, end token."""


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels per row (ragged lists of equal shape), and the number of truncated and dropped rows."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    truncated: int = 0
    dropped: int = 0

    def as_dataset(self) -> Dataset:
        """A dataset that SFTTrainer accepts as tokenized and masked."""
        from datasets import Dataset

        return Dataset.from_dict({"input_ids": self.input_ids, "labels": self.labels})


def ensure_chat_template(tokenizer: Any) -> bool:
    """Sets `PLAIN_TEMPLATE` in a tokenizer without a chat template, and a padding token if there is none.

    The template is saved with the model, so that prompts look the same as in training. Returns whether the tokenizer had a
    template.
    """
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    if tokenizer.chat_template:
        return True
    starts_with_bos = bool(tokenizer.bos_token) and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    tokenizer.chat_template = ("{{- bos_token -}}" if starts_with_bos else "") + PLAIN_TEMPLATE
    return False


def render_prompt(tokenizer: Any, question: str) -> str:
    """The prompt for a question, by the chat template."""
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    return str(text)


def answer_suffix(tokenizer: Any) -> str:
    """The text that the template puts after an answer, with at least the end token."""
    conversation = [{"role": "user", "content": "Question"}, {"role": "assistant", "content": PLACEHOLDER_ANSWER}]
    text = str(tokenizer.apply_chat_template(conversation, tokenize=False))
    suffix = text.rpartition(PLACEHOLDER_ANSWER)[2] if PLACEHOLDER_ANSWER in text else ""
    marks_end = any(token in suffix for token in tokenizer.all_special_tokens)
    return suffix if marks_end else suffix + str(tokenizer.eos_token)


def encode_rows(tokenizer: Any, rows: Sequence[Row], max_length: int) -> Encoded:
    """Tokenizes question and answer separately, so that the boundary between them is the same as at inference.

    Rows longer than `max_length` tokens are truncated at the end; rows without room for an answer are dropped.
    """
    if not rows:
        return Encoded([], [])
    suffix = answer_suffix(tokenizer)
    prompts = tokenizer([render_prompt(tokenizer, row.prompt) for row in rows], add_special_tokens=False)["input_ids"]
    answers = tokenizer([row.completion + suffix for row in rows], add_special_tokens=False)["input_ids"]
    input_ids: list[list[int]] = []
    labels: list[list[int]] = []
    truncated = dropped = 0
    for prompt, answer in zip(prompts, answers, strict=True):
        if len(prompt) >= max_length:
            dropped += 1
            continue
        truncated += len(prompt) + len(answer) > max_length
        input_ids.append((prompt + answer)[:max_length])
        labels.append(([IGNORED_LABEL] * len(prompt) + answer)[:max_length])
    return Encoded(input_ids, labels, truncated, dropped)
