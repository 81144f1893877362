"""Inline wins over the stored configuration, that over the uid, that over defaults; nothing is chosen in silence."""

from __future__ import annotations

from typing import Any

import pytest

from backend.hyperparameters.resolve import resolve
from pegbox.schemas.jobs.hyperparameters import Hyperparameters

ENCODED = "0000005k00080003000g002s"  # lora, 2e-4, batch 8, epochs 3, r 16, dropout 0.1


def inline(**values: Any) -> Hyperparameters:
    return Hyperparameters.model_validate(values)


def test_defaults_of_the_starter() -> None:
    values = resolve(inline(), None, is_starter=True).values
    assert (values.method, values.learning_rate, values.batch_size) == ("full", 3e-3, 16)


def test_defaults_of_every_other_model() -> None:
    values = resolve(inline(), None, is_starter=False).values
    assert (values.method, values.learning_rate, values.batch_size) == ("lora", 2e-4, 8)
    assert resolve(inline(method="full"), None, is_starter=False).values.learning_rate == 2e-5


def test_order() -> None:
    stored = {"learningRate": 5e-4, "epochs": 7, "loraR": 32}
    values = resolve(inline(uid=ENCODED, epochs=1), stored, is_starter=False).values
    assert values.epochs == 1  # inline
    assert values.learning_rate == 5e-4  # stored
    assert values.lora_r == 32  # stored
    assert values.batch_size == 8  # the uid
    assert values.lora_dropout == 0.1  # the uid, where the default is 0.05
    assert values.weight_decay == 0.01  # default
    assert values.uid == ENCODED


@pytest.mark.parametrize(
    ("given", "method"), [("LoRA", "lora"), ("QLoRA", "qlora"), ("LoFTQ", "loftq"), ("Full", "full")]
)
def test_method_words_of_the_wizard(given: str, method: str) -> None:
    assert resolve(inline(uid="x"), {"adapterMethod": given}, is_starter=False).values.method == method


def test_unknown_name_without_values_is_an_error() -> None:
    assert resolve(inline(uid="config-123"), None, is_starter=False).errors == [
        "Hyperparameter UID not found: config-123"
    ]


def test_unknown_name_with_values_is_just_a_name() -> None:
    result = resolve(inline(uid="config-123", learning_rate=2e-4), None, is_starter=False)
    assert result.errors == []
    assert result.values.uid == "config-123"


def test_a_search_range_trains_at_its_middle_and_says_so() -> None:
    result = resolve(inline(uid="010000rk00rl000500060001000a000g002s", epochs=2), None, is_starter=False)
    assert result.values.learning_rate == pytest.approx(0.0009925, abs=1e-7)
    assert (result.values.batch_size, result.values.epochs) == (5, 2)
    assert result.errors == []
    assert "search range" in result.warnings[0]
    assert "batch_size=5" in result.warnings[0]
    assert "epochs" not in result.warnings[0]


def test_stored_ranges_too() -> None:
    stored = {"learningRateRange": [1e-5, 1e-3], "batchSizeRange": {"min": 2, "max": 8}, "epochs": 4}
    result = resolve(inline(uid="mine"), stored, is_starter=False)
    assert result.values.learning_rate == pytest.approx(1e-4)
    assert (result.values.batch_size, result.values.epochs) == (5, 4)
    assert "learning_rate=0.0001" in result.warnings[0]


def test_broken_stored_values_are_an_error() -> None:
    result = resolve(inline(uid="mine"), {"learningRate": "fast"}, is_starter=False)
    assert "stored hyperparameters 'mine' are not valid" in result.errors[0]


def test_decoded_nonsense_is_an_error() -> None:
    result = resolve(inline(uid="0000000000080003000g002s"), None, is_starter=False)  # rate 0
    assert "not valid" in result.errors[0]


def test_decided_values_get_a_uid() -> None:
    values = resolve(inline(learning_rate=2e-4, lora_dropout=0.1), None, is_starter=False).values
    assert values.uid == ENCODED
    assert resolve(inline(epochs=0.5), None, is_starter=False).values.uid is None


def test_adapters_on_the_starter_are_warned_of() -> None:
    assert "learns better" in resolve(inline(method="lora"), None, is_starter=True).warnings[0]
