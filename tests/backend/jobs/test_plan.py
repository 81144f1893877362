"""The plan of a job: the arithmetic of its trainer."""

from __future__ import annotations

from backend.jobs.plan import plan_of
from pegbox.schemas.jobs.hyperparameters import Hyperparameters


def values(**more: object) -> Hyperparameters:
    return Hyperparameters.model_validate({"batch_size": 16, **more})


def test_steps_are_counted_as_the_trainer_counts_them() -> None:
    plan = plan_of(1160, values())
    assert (plan.training_rows, plan.validation_rows, plan.steps_per_epoch, plan.steps) == (1044, 116, 66, 198)
    assert plan_of(1160, values(gradient_accumulation_steps=4)).steps == 51
    assert plan_of(1160, values(epochs=0.5)).steps == 33
    assert plan_of(1160, values(max_steps=500)).steps == 500


def test_at_least_one_row_is_held_out_and_none_when_asked_for_none() -> None:
    assert plan_of(3, values()).validation_rows == 1
    nothing = plan_of(1160, values(validation_split=0))
    assert (nothing.validation_rows, nothing.evaluations) == (0, 0)
    assert plan_of(25, values()).validation_rows == 2  # 2.5 rounds to even


def test_ten_evaluations_unless_told_otherwise() -> None:
    assert plan_of(1160, values(max_steps=500)).evaluations == 10
    assert plan_of(1160, values(max_steps=500, eval_steps=100)).evaluations == 5
