"""Only the answer counts towards the loss, and the border lies where it lies when the model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegbox.data.rows import Row
from pegbox.inference.encoding import IGNORED_LABEL, Encoded, encode_rows, ensure_chat_template, render_prompt

pytestmark = pytest.mark.train

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip)


@pytest.fixture(scope="session")
def chat_tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="session")
def plain_tokenizer(tiny_model: Path) -> Any:
    """The same words without a chat template, as a plain base model brings them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = None
    assert ensure_chat_template(tokenizer) is False
    return tokenizer


@pytest.mark.parametrize("which", ["chat_tokenizer", "plain_tokenizer"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.builds(Row, TEXT, TEXT), min_size=1, max_size=8))
def test_labels_are_the_answer_and_its_end(which: str, request: pytest.FixtureRequest, rows: list[Row]) -> None:
    tokenizer = request.getfixturevalue(which)

    encoded = encode_rows(tokenizer, rows, 10_000)

    assert len(encoded.input_ids) == len(encoded.labels) == len(rows)
    for row, ids, labels in zip(rows, encoded.input_ids, encoded.labels, strict=True):
        border = sum(label == IGNORED_LABEL for label in labels)
        assert labels[border:] == ids[border:]
        assert tokenizer.decode(ids[:border]) == render_prompt(tokenizer, row.prompt)
        assert tokenizer.decode(ids[border:]) == row.completion + tokenizer.eos_token


def test_asking_shows_the_model_what_it_was_trained_on(plain_tokenizer: Any, chat_tokenizer: Any) -> None:
    assert render_prompt(plain_tokenizer, "What does len do?") == "What does len do?\n"
    assert render_prompt(chat_tokenizer, "Why?") == "<|user|>Why?<|end|><|assistant|>"


def test_long_rows_are_cut_or_dropped_and_counted(chat_tokenizer: Any) -> None:
    rows = [Row("a", "b"), Row("a", "word " * 50), Row("question " * 50, "b")]

    encoded = encode_rows(chat_tokenizer, rows, 20)

    assert [len(ids) <= 20 for ids in encoded.input_ids] == [True, True]
    assert (encoded.truncated, encoded.dropped) == (1, 1)


def test_template_that_trims_answers_keeps_its_ending(chat_tokenizer: Any) -> None:
    import copy

    tokenizer = copy.deepcopy(chat_tokenizer)
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )

    encoded = encode_rows(tokenizer, [Row("Q", " an answer ")], 1000)

    learned = [label for label in encoded.labels[0] if label != IGNORED_LABEL]
    assert tokenizer.decode(learned) == " an answer <|end|>\n"


def test_nothing_becomes_nothing(chat_tokenizer: Any) -> None:
    assert encode_rows(chat_tokenizer, [], 10) == Encoded([], [])
