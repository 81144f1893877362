"""Validates bodies that FastAPI does not parse, with the errors of FastAPI."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import pydantic
from fastapi.exceptions import RequestValidationError

T = TypeVar("T", bound=pydantic.BaseModel)


def parse_json(model: type[T], raw: bytes) -> T:
    """Parses and validates a JSON body. Raises `RequestValidationError` (422)."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RequestValidationError(
            [{"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error", "input": {}}]
        ) from error
    return parse_fields(model, value)


def parse_fields(model: type[T], value: Any) -> T:
    """Validates decoded fields. Raises `RequestValidationError` (422)."""
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        found = [
            {**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False, include_input=False)
        ]
        raise RequestValidationError(found) from error
