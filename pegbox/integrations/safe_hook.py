"""Keeps errors of recording hooks from stopping a training."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

log = logging.getLogger("pegbox")

Hook = TypeVar("Hook", bound=Callable[..., None])


def safe_hook(hook: Hook) -> Hook:
    """A hook that logs its errors as warnings, once per class of error, instead of raising them."""
    reported: set[type[Exception]] = set()

    @functools.wraps(hook)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            hook(*args, **kwargs)
        except Exception as error:
            if type(error) not in reported:
                reported.add(type(error))
                log.warning(
                    "pegbox: the training goes on, but is not fully recorded (%s)", f"{type(error).__name__}: {error}"
                )

    return cast(Hook, guarded)
