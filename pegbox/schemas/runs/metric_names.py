"""What other trackers call the metrics that Pegbox draws: one concept, one word, whoever logs it."""

from __future__ import annotations

from collections.abc import Container

BEST_SO_FAR = ("best_validation_loss", "best_step")
"""What the monitor tells of a run's validation loss as it goes, in the run's summary: nobody logs them, they have no curve."""

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
"""As its trainers log to TensorBoard, W&B and Trackio: ours, under the name of the phase."""


def canonical_name(name: str, logged: Container[str]) -> str:
    """Our word for a foreign metric. A script that logs ours too, in the same breath, means two things: both stay."""
    ours = CANONICAL_NAMES.get(name, name)
    return name if ours in logged else ours
