"""Recording must not harm what it records: a hook that fails is told once, and the training goes on."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

log = logging.getLogger("pegbox")

Hook = TypeVar("Hook", bound=Callable[..., None])


def quietly(hook: Hook) -> Hook:
    """A hook whose errors become warnings, one of each kind."""
    told: set[type[Exception]] = set()

    @functools.wraps(hook)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            hook(*args, **kwargs)
        except Exception as error:
            if type(error) not in told:
                told.add(type(error))
                log.warning(
                    "pegbox: the training goes on, but is not fully recorded (%s)", f"{type(error).__name__}: {error}"
                )

    return cast(Hook, guarded)
