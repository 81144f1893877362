"""Compares an answer with a published example: every key there, every type the same. Values may differ."""

from __future__ import annotations

import re
from typing import Any

INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


def assert_shape(actual: Any, example: Any, where: str = "answer") -> None:
    """Fails with the path of the first key or type that differs. Further keys are welcome; lists must not be empty."""
    if isinstance(example, dict):
        assert isinstance(actual, dict), f"{where} is {type(actual).__name__}, not an object"
        missing = example.keys() - actual.keys()
        assert not missing, f"{where} lacks {sorted(missing)}"
        for key, value in example.items():
            assert_shape(actual[key], value, f"{where}.{key}")
    elif isinstance(example, list):
        assert isinstance(actual, list), f"{where} is {type(actual).__name__}, not a list"
        if example:
            assert actual, f"{where} is empty"
            for index, item in enumerate(actual):
                assert_shape(item, example[0], f"{where}[{index}]")
    elif isinstance(example, bool) or example is None:
        assert type(actual) is type(example), f"{where} is {actual!r}"
    elif isinstance(example, int):
        assert type(actual) is int, f"{where} is {actual!r}, not a whole number"
    elif isinstance(example, float):
        assert type(actual) in (int, float), f"{where} is {actual!r}, not a number"
    else:
        assert isinstance(actual, str), f"{where} is {actual!r}, not text"
        if INSTANT.fullmatch(example):
            assert INSTANT.fullmatch(actual), f"{where} is {actual!r}, not an instant"
