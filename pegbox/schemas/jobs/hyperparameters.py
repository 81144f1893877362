"""Hyperparameters of one training: every value chosen before it starts, with its default and bounds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, AliasGenerator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from pegbox.schemas.base import Wire

Method = Literal["full", "lora", "qlora", "loftq"]
METHOD_NAMES: dict[Method, str] = {"full": "Full fine-tuning", "lora": "LoRA", "qlora": "QLoRA", "loftq": "LoftQ"}
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Scheduler = Literal[
    "linear", "cosine", "constant", "constant_with_warmup", "cosine_with_min_lr", "inverse_sqrt", "polynomial"
]
Optimizer = Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "adafactor", "sgd"]


EVALUATIONS_PER_RUN = 10
"""Unless `eval_steps` says otherwise."""


def count_held_out(rows: int, share: float) -> int:
    """Rows kept apart: at least one when `share` is above 0 and two rows are there, never all of them."""
    return min(rows - 1, max(1, round(rows * share))) if share > 0 and rows > 1 else 0


def _both_cases(name: str) -> AliasChoices:
    return AliasChoices(name, to_camel(name))


class Hyperparameters(Wire):
    """Accepted in snake_case and camelCase, answered in snake_case. `None` means: decided when the job resolves."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=_both_cases), populate_by_name=True, extra="ignore"
    )

    uid: str | None = Field(
        None, max_length=200, description="Encoded configuration, or a name; inline values win over it."
    )
    method: Method | None = Field(
        None,
        validation_alias=AliasChoices("method", "adapter_method", "adapterMethod"),
        description="full, lora, qlora or loftq; by default full for the starter model and lora for all others.",
    )
    learning_rate: float | None = Field(
        None, gt=0, le=1, description="Peak value; default 3e-3 starter, 2e-4 adapters, 2e-5 full."
    )
    batch_size: int = Field(8, ge=1, le=4096, description="Rows per device and micro-batch.")
    epochs: float = Field(3, gt=0, le=10_000, description="Passes over the training rows.")
    max_steps: int | None = Field(None, ge=1, le=100_000_000, description="Optimizer updates; wins over epochs.")
    gradient_accumulation_steps: int = Field(1, ge=1, le=4096, description="Micro-batches per optimizer update.")
    warmup_steps: int = Field(10, ge=0, le=1_000_000, description="Updates over which the learning rate rises.")
    weight_decay: float = Field(0.01, ge=0, le=1)
    max_grad_norm: float = Field(
        1.0, ge=0, le=1000, description="Gradients are clipped to this norm; 0 switches clipping off."
    )
    optimizer: Optimizer = "adamw_torch"
    scheduler: Scheduler = Field(
        "cosine", validation_alias=AliasChoices("scheduler", "lr_scheduler", "lr_scheduler_type")
    )
    lora_r: int = Field(16, ge=1, le=1024, description="Rank of the adapter.")
    lora_alpha: int = Field(32, ge=1, le=4096)
    lora_dropout: float = Field(0.05, ge=0, lt=1)
    target_modules: list[str] | None = Field(
        None, max_length=64, description="Layers that get an adapter; default all linear."
    )
    max_length: int = Field(1024, ge=8, le=1_048_576, description="Tokens per row; longer rows are cut at the end.")
    packing: bool = Field(False, description="Several rows per sequence.")
    precision: Precision = Field("auto", description="auto: bf16 where the GPU can, else fp16 on GPU, fp32 on CPU.")
    validation_split: float = Field(0.1, ge=0, lt=1, description="Share of rows held out, drawn with the seed.")
    eval_steps: int | None = Field(None, ge=1, description="Updates between evaluations; default a tenth of the run.")
    save_steps: int | None = Field(None, ge=1, description="Updates between checkpoints; default as eval_steps.")
    early_stopping_patience: int | None = Field(
        None, ge=1, le=1000, description="Evaluations without improvement before the end."
    )
    early_stopping_threshold: float = Field(0.0, ge=0)
    seed: int = Field(42, ge=0, le=2**32 - 1)
    merge_adapter: bool = Field(False, description="Also fold the adapter into the weights of the saved model.")

    @model_validator(mode="before")
    @classmethod
    def _method_word(cls, data: object) -> object:
        if isinstance(data, dict):
            for key in ("method", "adapter_method", "adapterMethod"):
                if isinstance(data.get(key), str):
                    data = {**data, key: data[key].lower()}
        return data

    @model_validator(mode="after")
    def _adapter_only(self) -> Self:
        if self.method == "full" and self.merge_adapter:
            raise ValueError("merge_adapter needs an adapter method (lora, qlora or loftq)")
        return self

    def evaluate_every(self, steps: int) -> int:
        """Updates between evaluations in a run of `steps`."""
        return self.eval_steps or max(1, round(steps / EVALUATIONS_PER_RUN))

    @property
    def effective_batch_size(self) -> int:
        """Rows per optimizer update on one device."""
        return self.batch_size * self.gradient_accumulation_steps
