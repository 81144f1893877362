"""What the worker does with each kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pegbox.schemas.jobs.queue import CommandSpec, TrainingSpec
from pegbox.worker.attempt import Attempt
from pegbox.worker.kinds.command import CommandAttempt
from pegbox.worker.kinds.finetune import FinetuneAttempt

Kinds = Mapping[type[Any], type[Attempt[Any]]]

KINDS: Kinds = {TrainingSpec: FinetuneAttempt, CommandSpec: CommandAttempt}
"""The type of a job's spec → the attempt that executes it."""
