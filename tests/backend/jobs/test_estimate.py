"""Memory by arithmetic, time by an earlier job."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from backend.jobs.estimate import find_similar_job, local_machine, minimum_memory, parameter_count
from backend.jobs.plan import plan_of
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.store.tables import Job, Model, now

GIB = 2**30


def full(**more: object) -> Hyperparameters:
    return Hyperparameters.model_validate({"method": "full", "batch_size": 16, **more})


@pytest.mark.parametrize(
    ("text", "count"), [("0.6B", 0.6e9), ("135M", 135e6), ("1.7 B", 1.7e9), ("", None), ("many", None)]
)
def test_the_count_is_read_off_the_card(text: str, count: float | None) -> None:
    assert parameter_count(Model(id="m", uid="1", name="m", parameters=text)) == count


def test_memory_counts_weights_gradients_and_optimizer_states() -> None:
    assert minimum_memory(1e9, full(), on_gpu=True) == 16e9
    assert minimum_memory(1e9, full(optimizer="adamw_8bit"), on_gpu=True) == 10e9
    lora = Hyperparameters(method="lora")
    assert minimum_memory(1e9, lora, on_gpu=True) == 2e9
    assert minimum_memory(1e9, lora, on_gpu=False) == 4e9
    assert minimum_memory(1e9, Hyperparameters(method="qlora"), on_gpu=True) == 0.5625e9


def test_this_machine_has_memory() -> None:
    assert local_machine().memory > GIB // 4


def finished(db: Session, uid: str, *, method: str, dataset: str, runtime: float, steps: int) -> None:
    db.add(
        Job(
            uid=uid,
            name=uid,
            state="completed",
            run_id=f"run-{uid}",
            model_id=f"model-{uid}",
            configuration={"model": {"uid": "starter"}, "dataset": {"uid": dataset}},
            hyperparameters={"method": method, "batch_size": 16, "learning_rate": 0.001},
            results={"performance": {"steps": steps, "runtime_seconds": runtime}},
            created_at=now(),
        )
    )
    db.commit()


def test_time_is_scaled_by_the_rows_of_an_earlier_job(db: Session) -> None:
    plan = plan_of(1160, full())
    assert find_similar_job(db, "starter", "sums", full(), plan) is None
    finished(db, "other-data", method="full", dataset="words", runtime=198, steps=198)
    finished(db, "an-adapter", method="lora", dataset="sums", runtime=1, steps=198)
    earlier = find_similar_job(db, "starter", "sums", full(), plan)
    assert earlier
    assert (earlier.name, earlier.seconds, earlier.memory) == ("other-data", 198.0, None)
    finished(db, "same-data", method="full", dataset="sums", runtime=33, steps=99)
    finished(db, "newer", method="full", dataset="words", runtime=500, steps=198)
    nearest = find_similar_job(db, "starter", "sums", full(), plan)
    assert nearest
    assert (nearest.name, nearest.seconds) == ("same-data", 66.0)
    double = find_similar_job(db, "starter", "sums", full(batch_size=32), plan_of(1160, full(batch_size=32)))
    assert double
    assert double.seconds == pytest.approx(66, rel=0.01)  # half the steps, twice the rows
