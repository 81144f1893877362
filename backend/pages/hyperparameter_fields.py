"""The hyperparameters of the job form: a label, one line of explanation, and the default and bounds of the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import annotated_types

from pegbox.schemas.hyperparameters import Hyperparameters, Optimizer, Precision, Scheduler

Kind = Literal["number", "whole", "choice", "check"]
Group = Literal["main", "adapter", "schedule", "evaluation", "memory"]

GROUPS: dict[Group, str] = {
    "main": "Training",
    "adapter": "Adapter",
    "schedule": "Schedule",
    "evaluation": "Evaluation and checkpoints",
    "memory": "Rows and memory",
}


@dataclass(frozen=True)
class HyperparameterField:
    """One field of the form. `default` is text, empty when the trainer decides; bounds are empty when there is none."""

    name: str
    label: str
    hint: str
    kind: Kind
    group: Group
    default: str
    placeholder: str
    low: str
    high: str
    choices: list[tuple[str, str]]


def _field(name: str, label: str, hint: str, group: Group, placeholder: str = "automatic") -> HyperparameterField:
    info = Hyperparameters.model_fields[name]
    low, high = _bounds(info.metadata)
    choices = _choices(name)
    kind: Kind = "number"
    if choices:
        kind = "choice"
    elif info.annotation is bool:
        kind = "check"
    elif info.annotation in (int, int | None):
        kind = "whole"
    default = info.default
    text = ("yes" if default else "") if kind == "check" else ("" if default is None else _number_text(default))
    return HyperparameterField(name, label, hint, kind, group, text, placeholder, low, high, choices)


def _bounds(metadata: list[Any]) -> tuple[str, str]:
    """The schema's bounds; an exclusive one of 0 becomes the smallest number worth typing."""
    low = high = ""
    for constraint in metadata:
        if isinstance(constraint, annotated_types.Ge):
            low = _number_text(constraint.ge)
        elif isinstance(constraint, annotated_types.Gt):
            low = "1e-12"
        elif isinstance(constraint, annotated_types.Le):
            high = _number_text(constraint.le)
        elif isinstance(constraint, annotated_types.Lt):
            high = "0.999999"
    return low, high


def _choices(name: str) -> list[tuple[str, str]]:
    words: dict[str, Any] = {"scheduler": Scheduler, "optimizer": Optimizer, "precision": Precision}
    return [(word, word.replace("_", " ")) for word in get_args(words[name])] if name in words else []


def _number_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


FIELDS: tuple[HyperparameterField, ...] = (
    _field("epochs", "Epochs", "Passes over the training rows. More learns longer, and in the end by heart.", "main"),
    _field("learning_rate", "Learning rate", "How far each step goes. Empty: what suits model and method.", "main"),
    _field("batch_size", "Batch size", "Rows per step on a device. Larger is steadier and needs more memory.", "main"),
    _field("validation_split", "Held-out share", "Rows kept apart to measure what was really learnt.", "main"),
    _field("lora_r", "Rank", "Size of the adapter. 8 to 64; more can hold more.", "adapter"),
    _field("lora_alpha", "Alpha", "Strength of the adapter; twice the rank is usual.", "adapter"),
    _field("lora_dropout", "Dropout", "Share of the adapter silenced per step, against learning by heart.", "adapter"),
    _field("merge_adapter", "Merge into the weights", "Also save a whole model with the adapter folded in.", "adapter"),
    _field("max_steps", "Steps", "A fixed number of steps, in place of epochs.", "schedule", "from epochs"),
    _field("warmup_steps", "Warm-up steps", "Steps over which the learning rate rises from zero.", "schedule"),
    _field("scheduler", "Schedule", "How the learning rate falls afterwards.", "schedule"),
    _field("optimizer", "Optimiser", "AdamW suits nearly everything; 8-bit variants save GPU memory.", "schedule"),
    _field("weight_decay", "Weight decay", "Pulls weights towards zero, against learning by heart.", "schedule"),
    _field("max_grad_norm", "Gradient limit", "Longer gradients are cut to this norm; 0 switches it off.", "schedule"),
    _field("seed", "Seed", "The same seed draws the same split and order.", "schedule"),
    _field(
        "eval_steps", "Evaluate every", "Steps between evaluations. Empty: a tenth of the run.", "evaluation", "a tenth"
    ),
    _field(
        "save_steps", "Save every", "Steps between checkpoints. Empty: at each evaluation.", "evaluation", "as above"
    ),
    _field(
        "early_stopping_patience",
        "Patience",
        "Ends after this many evaluations without improvement. Empty: never.",
        "evaluation",
        "never",
    ),
    _field("early_stopping_threshold", "Least improvement", "A smaller gain does not count as one.", "evaluation"),
    _field(
        "gradient_accumulation_steps",
        "Accumulate",
        "Batches summed up for one step: a large batch in little memory.",
        "memory",
    ),
    _field("max_length", "Tokens per row", "Longer rows are cut at the end.", "memory"),
    _field("packing", "Pack rows", "Several short rows share a sequence; faster on a GPU.", "memory"),
    _field("precision", "Precision", "auto takes bf16 where the GPU can, fp32 on a CPU.", "memory"),
)
