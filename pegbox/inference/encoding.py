"""Rows become token sequences in which only the answer counts towards the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pegbox.data.rows import Row

if TYPE_CHECKING:
    from datasets import Dataset

IGNORED = -100
"""Label of a token that does not count towards the loss."""

PROBE = "Answer-7f3a"
"""An answer that no template contains by itself."""

PLAIN_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}{{ message['content'] + eos_token }}"
    "{%- else -%}{{ message['content'] + '\\n' }}{%- endif -%}"
    "{%- endfor -%}"
)
"""For models that bring no chat template: the question, a line break, the answer, the end token."""


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels per row (ragged lists of equal shape), with the rows that had to be cut or dropped."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    truncated: int = 0
    dropped: int = 0

    def as_dataset(self) -> Dataset:
        """The form in which SFTTrainer takes rows that are tokenized and masked already."""
        from datasets import Dataset

        return Dataset.from_dict({"input_ids": self.input_ids, "labels": self.labels})


def ensure_chat_template(tokenizer: Any) -> bool:
    """Gives a tokenizer without a chat template the plain one, so that whoever loads the result asks as we trained.

    Returns whether the model brought its own. Also names a padding token where there is none.
    """
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    if tokenizer.chat_template:
        return True
    starts_with_bos = bool(tokenizer.bos_token) and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    tokenizer.chat_template = ("{{- bos_token -}}" if starts_with_bos else "") + PLAIN_TEMPLATE
    return False


def render_prompt(tokenizer: Any, question: str) -> str:
    """The text that a model sees before it answers."""
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    return str(text)


def answer_ending(tokenizer: Any) -> str:
    """What the template puts behind an answer: at the least the token by which the model says that it is done."""
    conversation = [{"role": "user", "content": "Question"}, {"role": "assistant", "content": PROBE}]
    text = str(tokenizer.apply_chat_template(conversation, tokenize=False))
    ending = text.rpartition(PROBE)[2] if PROBE in text else ""
    marks_end = any(token in ending for token in tokenizer.all_special_tokens)
    return ending if marks_end else ending + str(tokenizer.eos_token)


def encode_rows(tokenizer: Any, rows: Sequence[Row], max_length: int) -> Encoded:
    """Tokenizes question and answer apart, so that the border between them is where it will be when the model is asked.

    Rows beyond `max_length` tokens are cut at their end; rows whose answer falls away whole are dropped.
    """
    if not rows:
        return Encoded([], [])
    ending = answer_ending(tokenizer)
    prompts = tokenizer([render_prompt(tokenizer, row.prompt) for row in rows], add_special_tokens=False)["input_ids"]
    answers = tokenizer([row.completion + ending for row in rows], add_special_tokens=False)["input_ids"]
    input_ids: list[list[int]] = []
    labels: list[list[int]] = []
    truncated = dropped = 0
    for prompt, answer in zip(prompts, answers, strict=True):
        if len(prompt) >= max_length:
            dropped += 1
            continue
        truncated += len(prompt) + len(answer) > max_length
        input_ids.append((prompt + answer)[:max_length])
        labels.append(([IGNORED] * len(prompt) + answer)[:max_length])
    return Encoded(input_ids, labels, truncated, dropped)
