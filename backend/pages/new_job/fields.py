"""The hyperparameter fields of the wizard: label, hint, group, and the bounds of the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import annotated_types

from backend.pages.frame import filters
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Optimizer, Precision, Scheduler

Kind = Literal["number", "whole", "choice", "check"]
Group = Literal["rows", "training", "adapter", "schedule", "memory", "evaluation"]

GROUPS: dict[Group, str] = {
    "rows": "Rows",
    "training": "Training",
    "adapter": "Adapter",
    "schedule": "Schedule",
    "memory": "Memory",
    "evaluation": "Evaluation and checkpoints",
}


@dataclass(frozen=True)
class HyperparameterField:
    """A form field. `low` and `high` are bounds as text, empty without a bound; `placeholder` describes an empty field."""

    name: str
    label: str
    hint: str
    kind: Kind
    group: Group
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
    return HyperparameterField(name, label, hint, kind, group, placeholder, low, high, choices)


def text_of(item: HyperparameterField, values: Hyperparameters) -> str:
    """The text of the field; empty for a value that the trainer chooses."""
    value = getattr(values, item.name)
    if item.kind == "check":
        return "yes" if value else ""
    return "" if value is None else number_text(value)


def _bounds(metadata: list[Any]) -> tuple[str, str]:
    """The bounds of the schema as text, for example `from 1` or `above 0`, and `to 100` or `to below 1`."""
    low = high = ""
    for constraint in metadata:
        if isinstance(constraint, annotated_types.Ge):
            low = f"from {number_text(constraint.ge)}"
        elif isinstance(constraint, annotated_types.Gt):
            low = f"above {number_text(constraint.gt)}"
        elif isinstance(constraint, annotated_types.Le):
            high = f"to {_grouped(constraint.le)}"
        elif isinstance(constraint, annotated_types.Lt):
            high = f"to below {number_text(constraint.lt)}"
    return low, high


def _grouped(value: object) -> str:
    return filters.whole(value) if isinstance(value, int | float) and value >= 10_000 else number_text(value)


def _choices(name: str) -> list[tuple[str, str]]:
    words: dict[str, Any] = {"scheduler": Scheduler, "optimizer": Optimizer, "precision": Precision}
    return [(word, word.replace("_", " ")) for word in get_args(words[name])] if name in words else []


def number_text(value: object) -> str:
    """A number as a user would enter it, without grouping."""
    return f"{value:g}" if isinstance(value, float) else str(value)


FIELDS: tuple[HyperparameterField, ...] = (
    _field("validation_split", "Held-out share", "Rows kept apart to measure what was really learnt.", "rows"),
    _field("max_length", "Tokens per row", "Longer rows are cut at the end. A token is some four letters.", "rows"),
    _field("packing", "Pack rows", "Several short rows share a sequence; faster on a GPU.", "rows"),
    _field(
        "epochs", "Epochs", "Passes over the training rows. More learns longer, and in the end by heart.", "training"
    ),
    _field(
        "learning_rate",
        "Learning rate",
        "How far each step goes. Too high diverges, too low learns little.",
        "training",
    ),
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
        "batch_size", "Batch size", "Rows per step on a device. Larger is steadier and needs more memory.", "memory"
    ),
    _field(
        "gradient_accumulation_steps",
        "Accumulate",
        "Batches summed up for one step: a large batch in little memory.",
        "memory",
    ),
    _field("precision", "Precision", "auto takes bf16 where the GPU can, fp32 on a CPU.", "memory"),
    _field("eval_steps", "Evaluate every", "Steps between evaluations.", "evaluation", "a tenth of the run"),
    _field("save_steps", "Save every", "Steps between checkpoints.", "evaluation", "at each evaluation"),
    _field(
        "early_stopping_patience",
        "Patience",
        "Ends after this many evaluations without improvement.",
        "evaluation",
        "never",
    ),
    _field("early_stopping_threshold", "Least improvement", "A smaller gain does not count as one.", "evaluation"),
)
