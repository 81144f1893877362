"""Resolves a job's hyperparameters. Precedence: inline values, stored configuration, uid, defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pydantic

from backend.hyperparameters.uid import Decoded, decode, encode_manual
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Method

STARTER_DEFAULTS: dict[str, Any] = {"learning_rate": 3e-3, "batch_size": 16}
ADAPTER_RATE, FULL_RATE = 2e-4, 2e-5

RANGES = {"learningRateRange": "learning_rate", "batchSizeRange": "batch_size", "epochsRange": "epochs"}


@dataclass
class Resolved:
    """Complete values, with errors and warnings of the resolution."""

    values: Hyperparameters
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def resolve(inline: Hyperparameters, stored: Mapping[str, Any] | None, *, is_starter: bool) -> Resolved:
    """Resolves all values. A uid that is neither stored nor encoded is an error only without inline values."""
    given = inline.model_dump(exclude_unset=True, exclude={"uid"})
    given = {name: value for name, value in given.items() if value is not None}
    result = Resolved(inline)
    below: dict[str, Any] = {}
    if inline.uid:
        below = _from_uid(inline.uid, stored, given, result)
    merged = {**(STARTER_DEFAULTS if is_starter else {}), **below, **given}
    merged.setdefault("method", default_method(is_starter=is_starter))
    if merged.get("learning_rate") is None:
        merged["learning_rate"] = FULL_RATE if merged["method"] == "full" else ADAPTER_RATE
    if is_starter and merged["method"] != "full":
        result.warnings.append(
            f"The starter model has no trained weights for '{merged['method']}' to build on; method 'full' learns better"
        )
    values = _validated(merged, result)
    values.uid = inline.uid or encode(values)
    result.values = values
    return result


def default_method(*, is_starter: bool) -> Method:
    """The default training method."""
    return "full" if is_starter else "lora"


def encode(values: Hyperparameters) -> str | None:
    """The uid that encodes the values; `None` if they cannot be encoded."""
    if values.method is None or values.learning_rate is None:
        return None
    return encode_manual(
        values.method, values.learning_rate, values.batch_size, values.epochs, values.lora_r, values.lora_dropout
    )


def read_config(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(values of a stored configuration, names of values taken from the middle of a range)"""
    fixed = {key: value for key, value in config.items() if key not in RANGES and value is not None}
    values = Hyperparameters.model_validate(fixed).model_dump(exclude_unset=True, exclude={"uid"})
    chosen: list[str] = []
    for key, name in RANGES.items():
        span = config.get(key)
        if name not in values and (ends := _ends(span)):
            values[name] = middle(name, *ends)
            chosen.append(name)
    return values, chosen


def middle(name: str, low: float, high: float) -> float | int:
    """Midpoint of a range: geometric for the learning rate, an integer for the others."""
    if name == "learning_rate":
        return round(math.sqrt(low * high), 9)
    return max(1, math.floor((low + high) / 2))


def _from_uid(uid: str, stored: Mapping[str, Any] | None, given: Mapping[str, Any], result: Resolved) -> dict[str, Any]:
    decoded = decode(uid)
    values = _from_encoding(decoded, given, result) if decoded else {}
    if stored is not None:
        try:
            from_config, chosen = read_config(stored)
        except pydantic.ValidationError as error:
            result.errors.append(f"The stored hyperparameters '{uid}' are not valid: {_first(error)}")
            return values
        if not decoded:
            _warn_of_midpoints(uid, [name for name in chosen if name not in given], from_config, result)
        return {**values, **from_config}
    if not decoded and not given:
        result.errors.append(f"Hyperparameter UID not found: {uid}")
    return values


def _from_encoding(decoded: Decoded, given: Mapping[str, Any], result: Resolved) -> dict[str, Any]:
    values: dict[str, Any] = {
        "method": decoded.method,
        "lora_r": max(1, decoded.lora_r),
        "lora_dropout": decoded.lora_dropout,
    }
    for name in ("learning_rate", "batch_size", "epochs"):
        low, high = getattr(decoded, name)
        values[name] = middle(name, low, high) if decoded.is_range else low
    if decoded.is_range:
        chosen = [name for name in ("learning_rate", "batch_size", "epochs") if name not in given]
        _warn_of_midpoints("the hyperparameter UID", chosen, values, result)
    return values


def _warn_of_midpoints(what: str, chosen: list[str], values: Mapping[str, Any], result: Resolved) -> None:
    if chosen:
        text = ", ".join(f"{name}={values[name]:g}" for name in chosen)
        result.warnings.append(f"{what} is a search range; this job trains at its middle: {text}")


def _validated(merged: dict[str, Any], result: Resolved) -> Hyperparameters:
    try:
        return Hyperparameters.model_validate(merged)
    except pydantic.ValidationError as error:
        result.errors.append(f"The hyperparameters are not valid: {_first(error)}")
        return Hyperparameters(method=merged["method"])


def _first(error: pydantic.ValidationError) -> str:
    finding = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in finding['loc'])}: {finding['msg']}".lstrip(": ")


def _ends(span: object) -> tuple[float, float] | None:
    if isinstance(span, dict):
        span = [span.get("min"), span.get("max")]
    if not isinstance(span, list) or len(span) != 2:
        return None
    low, high = span
    numbers = (int, float)
    if not isinstance(low, numbers) or not isinstance(high, numbers) or not 0 < low <= high:
        return None
    return float(low), float(high)
