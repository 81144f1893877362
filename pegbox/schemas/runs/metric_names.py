"""Maps metric names of other trackers to the canonical names that Pegbox charts."""

from __future__ import annotations

from collections.abc import Container

BEST_SO_FAR = ("best_validation_loss", "best_step")
"""Summary values that the monitor derives from the validation loss. They are not logged and have no series."""

CANONICAL_NAMES = {
    "loss": "train_loss",
    "eval_loss": "validation_loss",
    "val_loss": "validation_loss",
    "lr": "learning_rate",
}

HUGGING_FACE_NAMES = {
    "train/loss": "train_loss",
    "eval/loss": "validation_loss",
    "train/learning_rate": "learning_rate",
    "train/grad_norm": "grad_norm",
    "train/epoch": "epoch",
}
"""Names that Hugging Face trainers log to TensorBoard, W&B and Trackio, prefixed with the phase."""


def canonical_name(name: str, logged: Container[str]) -> str:
    """Returns the canonical name of a metric, or its own name if the canonical name is logged at the same step as well."""
    ours = CANONICAL_NAMES.get(name, name)
    return name if ours in logged else ours
