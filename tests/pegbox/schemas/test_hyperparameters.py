"""Hyperparameters are accepted in both spellings and within bounds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pegbox.schemas.jobs.hyperparameters import Hyperparameters


def test_both_spellings_mean_the_same() -> None:
    snake = Hyperparameters.model_validate(
        {"learning_rate": 1e-3, "batch_size": 4, "lora_r": 8, "adapter_method": "LoRA"}
    )
    camel = Hyperparameters.model_validate({"learningRate": 1e-3, "batchSize": 4, "loraR": 8, "adapterMethod": "lora"})
    assert snake == camel
    assert set(snake.model_dump()) >= {"learning_rate", "batch_size", "epochs", "warmup_steps", "save_steps"}


def test_effective_batch_size() -> None:
    assert Hyperparameters(batch_size=4, gradient_accumulation_steps=8).effective_batch_size == 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"batch_size": 0},
        {"epochs": -1},
        {"lora_dropout": 1},
        {"validation_split": 1},
        {"method": "magic"},
        {"method": "full", "merge_adapter": True},
        {"scheduler": "surprise"},
    ],
)
def test_values_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Hyperparameters.model_validate(wrong)
