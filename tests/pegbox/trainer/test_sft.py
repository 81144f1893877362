"""Real trainings of a tiny model, in this process."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pegbox.errors import UnusableContentError
from pegbox.inference.finished_model import answer_question
from pegbox.schemas.jobs.queue import JobResult, TrainingSpec
from pegbox.trainer.checkpoints import MARKER, complete_checkpoints
from pegbox.trainer.stop import StopRequest
from pegbox.worker.job_folder import JobFolder

pytestmark = pytest.mark.train

STEP_METRICS = {
    "train_loss",
    "learning_rate",
    "grad_norm",
    "epoch",
    "tokens_per_second",
    "step_seconds",
    "memory_bytes",
}


@pytest.fixture
def run_job(folder: JobFolder, record: Any) -> Callable[..., JobResult]:
    """Trains a spec in the test's folder, reporting to `record`."""
    from pegbox.trainer.sft import train

    def run(spec: TrainingSpec, stop: StopRequest | None = None) -> JobResult:
        return train(spec, folder, record, stop or StopRequest(), lambda phase, step, total: None)

    return run


def test_a_training_reports_every_step_and_leaves_a_model(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder, record: Any
) -> None:
    result = run_job(make_spec(max_steps=30, eval_steps=10))

    losses = record.series("train_loss")
    assert sorted(losses) == list(range(1, 31))
    assert all(record.points[step].keys() >= STEP_METRICS for step in losses)
    assert statistics.mean(list(losses.values())[-5:]) < 0.7 * losses[1]
    assert all(record.points[step]["step_seconds"] > 0 for step in losses)
    assert record.points[20]["tokens_per_second"] > 0
    assert list(record.series("validation_loss")) == [0, 10, 20, 30]
    assert record.total_steps == 30
    assert [(step, len(rows)) for step, _, rows in record.samples] == [(0, 5), (10, 5), (20, 5), (30, 5)]
    assert len({tuple(row["prompt"] for row in rows) for _, _, rows in record.samples}) == 1
    phases = [title for kind, title, _, _ in record.events if kind == "phase"]
    assert phases == ["prepare", "load", "train", "evaluate", "save"]

    assert result.steps == 30
    assert result.metrics["first_validation_loss"] == record.points[0]["validation_loss"]
    assert result.best_step == min((10, 20, 30), key=lambda step: record.points[step]["validation_loss"])
    assert result.exact_match is not None
    assert result.exact_match.total == 8
    assert [answer.model_dump() for answer in result.answers.before] == record.samples[0][2]
    assert result.parameters == result.trainable_parameters

    assert folder.model == Path(result.model_path or "")
    names = {file.name for file in folder.model.iterdir()}
    assert names >= {"model.safetensors", "tokenizer.json", "config.json", "README.md", "chat_template.jinja"}
    assert result.size_bytes == sum(file.stat().st_size for file in folder.model.rglob("*") if file.is_file())
    assert JobResult.model_validate_json(folder.result.read_bytes()) == result
    asked = answer_question(folder.model, result.answers.after[0].prompt, max_new_tokens=120)
    assert asked.startswith(result.answers.after[0].answer[:20])


def test_the_model_card_says_what_the_model_is(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder
) -> None:
    spec = make_spec()

    result = run_job(spec)

    card = (folder.model / "README.md").read_text("utf-8")
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert spec.dataset.sha256 in card
    assert "72 to learn from, 8 held out (seed 42)" in card
    assert "| learning_rate | 0.01 |" in card
    assert f"first validation loss: {result.metrics['first_validation_loss']:.4g}" in card
    assert spec.model.location in card
    assert "full fine-tuning" in card


def test_the_same_job_twice_gives_the_same_curve(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder, record: Any
) -> None:
    run_job(make_spec())
    first = record.series("train_loss")
    record.points.clear()
    # Evaluations and answers draw no random numbers, so more of them change nothing.
    for checkpoint, _ in complete_checkpoints(folder.checkpoints):
        (checkpoint / MARKER).unlink()

    run_job(make_spec(eval_steps=1, save_steps=12))

    assert record.series("train_loss") == first


def test_lora_leaves_an_adapter_and_on_request_a_merged_model(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder
) -> None:
    result = run_job(make_spec(method="lora", merge_adapter=True, lora_r=4, lora_alpha=8, learning_rate=0.05))

    assert result.trainable_parameters is not None
    assert result.parameters is not None
    assert 0 < result.trainable_parameters < result.parameters / 2
    adapter = json.loads((folder.model / "adapter_config.json").read_text("utf-8"))
    assert (adapter["r"], adapter["lora_alpha"]) == (4, 8)
    assert Path(adapter["base_model_name_or_path"]).is_dir()
    merged = Path(result.merged_path or "")
    assert merged == folder.model / "merged"
    assert _logits(merged, adapter=False) == pytest.approx(_logits(folder.model, adapter=True), abs=1e-4)


def _logits(folder: Path, *, adapter: bool) -> list[float]:
    import torch
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM

    loader = AutoPeftModelForCausalLM if adapter else AutoModelForCausalLM
    model = loader.from_pretrained(folder)
    with torch.no_grad():
        values: list[float] = model(torch.tensor([[5, 6, 7, 8]])).logits[0, -1, :50].tolist()
    return values


@pytest.mark.parametrize(("method", "steps"), [("full", 60), ("lora", 10)])
def test_the_saved_weights_are_those_of_the_best_evaluation(
    method: str,
    steps: int,
    run_job: Callable[..., JobResult],
    make_spec: Callable[..., TrainingSpec],
    folder: JobFolder,
    record: Any,
) -> None:
    from safetensors.torch import load_file

    overfitting = {
        "learning_rate": 0.1,
        "max_steps": steps,
        "eval_steps": 5,
        "scheduler": "constant",
        "weight_decay": 0,
    }

    result = run_job(make_spec(method=method, **overfitting))

    validation = record.series("validation_loss")
    assert result.best_step == min(list(validation)[1:], key=lambda step: validation[step])
    assert result.best_step != steps, "the training must get worse for this test to mean anything"
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    saved = load_file(folder.model / name)
    best = load_file(folder.checkpoints / f"checkpoint-{result.best_step}" / name)
    last = load_file(folder.checkpoints / f"checkpoint-{steps}" / name)
    assert all(saved[key].equal(best[key]) for key in saved)
    assert not all(saved[key].equal(last[key]) for key in saved)
    assert [info.step for info in result.checkpoints if info.best] == [result.best_step]


def test_without_saving_there_is_a_result_and_no_model(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder
) -> None:
    spec = make_spec()
    spec.model_saving.save_model = False

    result = run_job(spec)

    assert result.model_path is None
    assert result.exact_match is not None
    assert not folder.model.exists()


@pytest.mark.parametrize("method", ["qlora", "loftq"])
def test_a_quantized_method_runs_here_or_is_refused_with_the_reason(
    method: str,
    run_job: Callable[..., JobResult],
    make_spec: Callable[..., TrainingSpec],
    folder: JobFolder,
    record: Any,
) -> None:
    from pegbox.inference.device import capabilities

    refusals = capabilities().refusals
    if method in refusals:
        with pytest.raises(UnusableContentError) as refused:
            run_job(make_spec(method=method))
        assert refused.value.message == refusals[method]
        assert not folder.model.exists()
        return
    result = run_job(make_spec(method=method, lora_r=8, learning_rate=0.02, merge_adapter=True))
    losses = list(record.series("train_loss").values())
    assert losses[-1] < losses[0]
    assert result.trainable_parameters is not None
    assert (Path(result.merged_path or "") / "model.safetensors").is_file()


def test_loftq_starts_closer_to_the_base_than_qlora(tiny_model: Path, make_spec: Callable[..., TrainingSpec]) -> None:
    """What quantizing lost is in the adapter, whatever alpha is."""
    import torch
    from transformers import AutoModelForCausalLM

    from pegbox.inference.device import capabilities
    from pegbox.inference.weights import load
    from pegbox.trainer.adapters import attach_adapter
    from pegbox.trainer.sft import silence_libraries

    silence_libraries()
    if "loftq" not in capabilities().methods:
        assert "bitsandbytes" in capabilities().refusals["loftq"]
        return
    tokens = torch.tensor([[5, 6, 7, 8, 9, 10]])
    with torch.no_grad():
        wanted = AutoModelForCausalLM.from_pretrained(tiny_model)(tokens).logits
        errors = {}
        for method in ("qlora", "loftq"):
            values = make_spec(method=method, lora_r=32, lora_alpha=96, lora_dropout=0).hyperparameters
            base = load(tiny_model, method=values.method or "full", precision="fp32", name="tiny")
            model = attach_adapter(base.model, tiny_model, values).eval()
            errors[method] = (model(tokens).logits - wanted).abs().mean().item()
    assert errors["loftq"] < errors["qlora"] / 10


@pytest.mark.parametrize("optimizer", ["adamw_8bit", "paged_adamw_8bit"])
def test_an_optimizer_that_needs_a_gpu_is_refused_without_one(
    optimizer: str, run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec]
) -> None:
    from pegbox.inference.device import has_gpu

    if has_gpu():
        assert run_job(make_spec(optimizer=optimizer)).steps == 12
    else:
        with pytest.raises(UnusableContentError, match=f"The optimizer {optimizer} needs an NVIDIA GPU"):
            run_job(make_spec(optimizer=optimizer))


@pytest.mark.parametrize(
    "values",
    [
        {"packing": True, "max_length": 128, "batch_size": 2},
        {"gradient_accumulation_steps": 3, "batch_size": 4},
        {"scheduler": "cosine_with_min_lr"},
        {"scheduler": "constant", "optimizer": "adafactor"},
        {"precision": "bf16"},
        {"max_steps": None, "epochs": 1.5},
        {"max_grad_norm": 0, "weight_decay": 0.1},
    ],
    ids=str,
)
def test_every_choice_trains(
    values: dict[str, Any], run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], record: Any
) -> None:
    result = run_job(make_spec(**values))

    losses = list(record.series("train_loss").values())
    assert len(losses) == result.steps == (14 if values.get("epochs") else 12)
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0]


def test_training_stops_early_when_validation_stalls(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], record: Any
) -> None:
    result = run_job(make_spec(max_steps=40, eval_steps=2, early_stopping_patience=2, early_stopping_threshold=100.0))

    assert result.stopped_early
    assert result.steps == 6
    assert list(record.series("validation_loss")) == [0, 2, 4, 6]


def test_without_held_out_rows_there_is_no_validation(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], record: Any
) -> None:
    result = run_job(make_spec(validation_split=0))

    assert record.series("validation_loss") == {}
    assert result.exact_match is None
    assert len(result.answers.before) == len(result.answers.after) == 5


def test_divergence_ends_the_job_with_advice(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec]
) -> None:
    with pytest.raises(UnusableContentError, match=r"diverged\. Lower the learning rate"):
        run_job(
            make_spec(
                learning_rate=1.0, optimizer="sgd", max_grad_norm=0, max_steps=200, warmup_steps=0, weight_decay=1
            )
        )


def test_a_finished_training_whose_result_was_lost_is_not_trained_again(
    run_job: Callable[..., JobResult], make_spec: Callable[..., TrainingSpec], folder: JobFolder, record: Any
) -> None:
    first = run_job(make_spec())
    folder.result.unlink()
    record.points.clear()

    again = run_job(make_spec(attempt=2))

    assert record.rewound_to == [12]
    assert record.points == {}
    assert again.metrics["validation_loss"] == first.metrics["validation_loss"]
    assert again.answers == first.answers
