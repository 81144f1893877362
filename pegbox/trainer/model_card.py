"""The model card, `README.md`, of a finished model: base model, data, results, hyperparameters, sample answers."""

from __future__ import annotations

import json

from pegbox.schemas.jobs.hyperparameters import METHOD_NAMES
from pegbox.schemas.jobs.queue import JobResult, TrainingSpec

SHOWN_ANSWERS = 3


def model_card(
    spec: TrainingSpec, result: JobResult, *, training_rows: int, validation_rows: int, precision: str
) -> str:
    """Markdown with the metadata block of the model hub. All results are measured in this job."""
    name = spec.model_saving.model_name or spec.name
    method = spec.hyperparameters.method or "full"
    method_text = "full fine-tuning" if method == "full" else METHOD_NAMES[method]
    return "\n".join(
        [
            *_metadata(spec, method),
            f"# {name}",
            "",
            f"{_origin(spec)}, trained by {method_text} on the dataset **{spec.dataset.name}**.",
            "",
            *_usage(method, result),
            "## Data",
            "",
            f"- Dataset: {spec.dataset.name} (`{spec.dataset.uid}`)",
            *([f"- Version: {spec.dataset.version} (`{spec.dataset.hash}`)"] if spec.dataset.version else []),
            f"- SHA-256: `{spec.dataset.sha256}`",
            f"- Rows: {training_rows} to learn from, {validation_rows} held out (seed {spec.hyperparameters.seed})",
            "",
            "## Results",
            "",
            *_results(result),
            "",
            "## Hyperparameters",
            "",
            f"Computed in {precision}.",
            "",
            "| name | value |",
            "|---|---|",
            *(
                f"| {key} | {_cell(value)} |"
                for key, value in spec.hyperparameters.model_dump(exclude_none=True).items()
                if key != "uid"
            ),
            "",
            *_answers(result),
            f"Made by Pegbox, job `{spec.uid}`.",
            "",
        ]
    )


def _metadata(spec: TrainingSpec, method: str) -> list[str]:
    lines = ["---", "library_name: " + ("transformers" if method == "full" else "peft")]
    if spec.model.source == "hub":
        lines.append(f"base_model: {spec.model.location}")
    return [*lines, "pipeline_tag: text-generation", "tags:", "- pegbox", "- sft", f"- {method}", "---", ""]


def _origin(spec: TrainingSpec) -> str:
    if spec.model.source == "starter":
        return (
            "A small language model that started from random weights (Pegbox's offline starter: a 3-layer Llama whose "
            "tokenizer was made from this dataset). It knows nothing beyond its training data"
        )
    return f"A fine-tuned version of **{spec.model.location or spec.model.name}**"


def _usage(method: str, result: JobResult) -> list[str]:
    if method == "full":
        return []
    merged = " The folder `merged` holds the whole model, adapter folded in." if result.merged_path else ""
    return [f"This folder holds an adapter; it needs its base model to answer.{merged}", ""]


def _results(result: JobResult) -> list[str]:
    lines = [f"- Steps: {result.steps}" + (" (stopped early)" if result.stopped_early else "")]
    lines += [f"- {key.replace('_', ' ')}: {value:.4g}" for key, value in result.metrics.items() if value is not None]
    if result.best_step is not None:
        lines.append(f"- Saved weights: those of step {result.best_step}, the best validation loss")
    if result.exact_match:
        lines.append(
            f"- Held-out questions answered word for word: {result.exact_match.correct} of {result.exact_match.total}"
        )
    if result.parameters:
        lines.append(f"- Parameters: {result.parameters:,}, of which {result.trainable_parameters or 0:,} were trained")
    if result.runtime_seconds:
        lines.append(f"- Training time: {result.runtime_seconds:.0f} s")
    return lines


def _answers(result: JobResult) -> list[str]:
    before = {answer.prompt: answer.answer for answer in result.answers.before}
    lines = ["## Answers", ""] if result.answers.after else []
    for answer in result.answers.after[:SHOWN_ANSWERS]:
        lines += [f"**{_cell(answer.prompt)}**", ""]
        if answer.prompt in before:
            lines.append(f"- before: {_cell(before[answer.prompt]) or '(nothing)'}")
        lines += [f"- after: {_cell(answer.answer) or '(nothing)'}", f"- in the dataset: {_cell(answer.expected)}", ""]
    return lines


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\n", " ").replace("|", "\\|")
