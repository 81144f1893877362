"""Real trainings with transformers and TRL and `PegboxCallback`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pegbox.data.rows import Row
from tests.pegbox.sdk.monitor_process import MonitorProcess

pytestmark = pytest.mark.train

MakeTrainer = Callable[..., Any]


@pytest.fixture
def sft(tiny_model: Path, rows: list[Row], tmp_path: Path) -> MakeTrainer:
    """A TRL trainer that runs twelve steps, logs every step, evaluates and saves every four steps."""
    import datasets
    from trl import SFTConfig, SFTTrainer

    data = datasets.Dataset.from_list([{"prompt": row[0], "completion": row[1]} for row in rows])

    def make(callback: Any, **arguments: Any) -> Any:
        values = {
            "output_dir": str(tmp_path / "support"),
            "max_steps": 12,
            "logging_steps": 1,
            "eval_strategy": "steps",
            "eval_steps": 4,
            "save_steps": 4,
            "per_device_train_batch_size": 4,
            "learning_rate": 1e-3,
            "report_to": "none",
            "use_cpu": True,
            "disable_tqdm": True,
            "max_length": 64,
            "dataloader_pin_memory": False,
            "activation_checkpointing": False,
            "bf16": False,
            **arguments,
        }
        trainer = SFTTrainer(
            model=str(tiny_model),
            args=SFTConfig(**values),
            train_dataset=data.select(range(32)),
            eval_dataset=data.select(range(32, 40)),
            callbacks=[callback],
        )
        return trainer

    return make


def logged(trainer: Any, name: str) -> dict[int, float]:
    """The values of a metric in the trainer's log history."""
    return {entry["step"]: entry[name] for entry in trainer.state.log_history if name in entry}


def only_run(monitor: MonitorProcess, experiment: str) -> dict[str, Any]:
    (run,) = monitor.get(f"/api/runs?experiment={experiment}")
    return dict(run)


def test_every_step_is_recorded(monitor: MonitorProcess, sft: MakeTrainer) -> None:
    from pegbox.integrations.transformers import PegboxCallback

    trainer = sft(PegboxCallback(experiment="every step", name="first try", config={"who": "me"}, url=monitor.url))
    trainer.train()

    run = only_run(monitor, "every step")
    assert (run["name"], run["status"], run["total_steps"], run["last_step"]) == ("first try", "finished", 12, 12)
    assert run["config"]["learning_rate"] == 1e-3
    assert run["config"]["who"] == "me"
    assert run["summary"]["mean_train_loss"] == trainer.state.log_history[-1]["train_loss"]
    losses = logged(trainer, "loss")
    assert list(losses) == list(range(1, 13))
    assert monitor.series(run["id"], "train_loss") == losses
    assert monitor.series(run["id"], "validation_loss") == logged(trainer, "eval_loss")
    for name in ("learning_rate", "grad_norm", "mean_token_accuracy", "epoch"):
        assert monitor.series(run["id"], name).items() >= logged(trainer, name).items(), name
    events = [(event["kind"], event["step"]) for event in monitor.get(f"/api/runs/{run['id']}/events")]
    assert events == [("checkpoint", 4), ("checkpoint", 8), ("checkpoint", 12)]


def test_a_training_that_goes_on_from_a_checkpoint_goes_on_with_its_run(
    monitor: MonitorProcess, sft: MakeTrainer, tmp_path: Path
) -> None:
    from pegbox.integrations.transformers import PegboxCallback

    first = sft(PegboxCallback(experiment="going on", url=monitor.url))
    first.train()
    second = sft(PegboxCallback(experiment="going on", url=monitor.url), max_steps=10)
    second.train(resume_from_checkpoint=str(tmp_path / "support" / "checkpoint-8"))

    run = only_run(monitor, "going on")
    assert (run["status"], run["total_steps"], run["last_step"]) == ("finished", 10, 10)
    before = {step: loss for step, loss in logged(first, "loss").items() if step <= 8}
    after = {step: loss for step, loss in logged(second, "loss").items() if step > 8}
    assert sorted(after) == [9, 10], "steps 11 and 12 of the first training no longer count"
    assert monitor.series(run["id"], "train_loss") == before | after

    sft(PegboxCallback(experiment="going on", url=monitor.url), max_steps=1).train()
    assert len(monitor.get("/api/runs?experiment=going%20on")) == 2, "a training from the start is a run of its own"


def test_a_training_that_fails_is_a_failed_run(monitor: MonitorProcess, sft: MakeTrainer) -> None:
    from transformers import TrainerCallback

    from pegbox.integrations.transformers import PegboxCallback

    class Trouble(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 3:
                raise RuntimeError("out of coffee")

    callback = PegboxCallback(experiment="trouble", url=monitor.url)
    trainer = sft(callback)
    trainer.add_callback(Trouble)
    with pytest.raises(RuntimeError, match="coffee"):
        trainer.train()
    broken = only_run(monitor, "trouble")["id"]
    assert callback.run is not None
    trainer.remove_callback(Trouble)
    trainer.args.max_steps = 2
    trainer.train()

    states = {run["id"]: run["status"] for run in monitor.get("/api/runs?experiment=trouble")}
    assert sorted(states.values()) == ["failed", "finished"]
    assert states[broken] == "failed"


def test_an_evaluation_after_the_training_belongs_to_its_run(monitor: MonitorProcess, sft: MakeTrainer) -> None:
    from pegbox.integrations.transformers import PegboxCallback

    trainer = sft(PegboxCallback(experiment="afterwards", url=monitor.url), max_steps=2, eval_strategy="no")
    trainer.train()
    measured = trainer.evaluate()

    run = only_run(monitor, "afterwards")
    assert run["status"] == "finished"
    assert monitor.series(run["id"], "validation_loss") == {2: measured["eval_loss"]}


def test_a_run_of_your_own_stays_yours(monitor: MonitorProcess, sft: MakeTrainer) -> None:
    import pegbox
    from pegbox.integrations.transformers import PegboxCallback

    with pegbox.init(experiment="my own", url=monitor.url) as run:
        run.log({"before": 1.0}, step=0)
        sft(PegboxCallback(run=run), max_steps=2).train()
        run.log({"after": 1.0}, step=3)

    stored = only_run(monitor, "my own")
    assert stored["id"] == run.id
    assert sorted(monitor.series(run.id, "train_loss")) == [1, 2]
    assert monitor.series(run.id, "after") == {3: 1.0}


def test_no_monitor_is_no_trouble(
    sft: MakeTrainer, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pegbox.integrations.transformers import PegboxCallback
    from tests.stack import free_port

    monkeypatch.setattr(
        "pegbox.integrations.transformers.FINISH_SECONDS", 1.0
    )  # of waiting for a monitor that never comes
    trainer = sft(PegboxCallback(url=f"http://127.0.0.1:{free_port()}", home=str(tmp_path / "away")), max_steps=2)
    trainer.train()

    assert trainer.state.global_step == 2
    assert "metrics wait on disk" in caplog.text
    (outbox,) = (tmp_path / "away").rglob("*.jsonl")
    assert b'"train_loss"' in outbox.read_bytes()


def test_a_wrong_address_is_told_and_no_trouble(sft: MakeTrainer, caplog: pytest.LogCaptureFixture) -> None:
    from pegbox.integrations.transformers import PegboxCallback

    trainer = sft(PegboxCallback(url="ftp://nowhere"), max_steps=2)
    trainer.train()

    assert trainer.state.global_step == 2
    assert "not an http address" in caplog.text


def test_only_the_main_process_reports(monitor: MonitorProcess, tmp_path: Path) -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from pegbox.integrations.transformers import PegboxCallback

    callback = PegboxCallback(experiment="second process", url=monitor.url)
    arguments, state = TrainingArguments(output_dir=str(tmp_path)), TrainerState(is_world_process_zero=False)
    callback.on_train_begin(arguments, state, TrainerControl())
    callback.on_log(arguments, state, TrainerControl(), logs={"loss": 1.0})
    callback.on_train_end(arguments, state, TrainerControl())

    assert monitor.get("/api/runs?experiment=second%20process") == []
