"""Named functions with typed parameters that foreign clients may call, independent of the transport."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import msgspec
from starlette.concurrency import run_in_threadpool

from monitor.context import Monitor
from monitor.dialects.uploads import Uploads
from pegbox.errors import NotFoundError, UnusableContentError

HUB_TOKEN = "hf_token"  # noqa: S105 - the name of a parameter


@dataclass(frozen=True, slots=True)
class Caller:
    """The context of a call; always the first parameter of a function, hidden from clients."""

    monitor: Monitor
    uploads: Uploads
    bearer: str | None = None
    """The bearer token of the `Authorization` header."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Any
    is_required: bool
    default: Any


@dataclass(frozen=True)
class Function:
    """`run` blocks and is called in a thread.

    `answers_paths`: the result may contain objects with a `path`, which Gradio's queue clients would fetch as files.
    """

    name: str
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    returns: Any
    answers_paths: bool = False

    @classmethod
    def of(cls, run: Callable[..., Any], *, answers_paths: bool = False) -> Function:
        """Creates a function with parameters from the signature of `run`."""
        hints = get_type_hints(run)
        parameters = [
            Parameter(name, hints[name], given.default is inspect.Parameter.empty, given.default)
            for name, given in list(inspect.signature(run).parameters.items())[1:]
        ]
        return cls(run.__name__, run, tuple(parameters), hints["return"], answers_paths)

    async def call(self, caller: Caller, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Runs the function in a thread. Raises a `PegboxError` that names the invalid argument."""
        bound = self.bind(args, kwargs or {}, caller.bearer)
        return await run_in_threadpool(self.run, caller, **bound)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any], bearer: str | None = None) -> dict[str, Any]:
        """Returns validated arguments by name. Unknown named arguments are ignored: newer clients may send more.

        A missing or blank `hf_token` is taken from the `Authorization` header.
        """
        rest = iter(args)
        bound = {}
        for parameter in self.parameters:
            value = kwargs[parameter.name] if parameter.name in kwargs else next(rest, msgspec.UNSET)
            if parameter.name == HUB_TOKEN and _is_blank(value):
                value = bearer
            elif value is msgspec.UNSET:
                if parameter.is_required:
                    raise UnusableContentError(f"{self.name}: Missing required parameter: {parameter.name}")
                value = parameter.default
            bound[parameter.name] = self._checked(parameter, value)
        if next(rest, msgspec.UNSET) is not msgspec.UNSET:
            raise UnusableContentError(f"{self.name} takes {len(self.parameters)} arguments, {len(args)} were given")
        return bound

    def _checked(self, parameter: Parameter, value: Any) -> Any:
        try:
            return msgspec.convert(value, parameter.type)
        except msgspec.ValidationError as error:
            problem = error
        try:
            return msgspec.convert(value, parameter.type, strict=False)  # forms and shells send numbers as text
        except (msgspec.ValidationError, RecursionError):
            raise UnusableContentError(f"{self.name}: {parameter.name}: {problem}") from None


def _is_blank(value: Any) -> bool:
    return value is msgspec.UNSET or value is None or (isinstance(value, str) and not value.strip())


@dataclass(frozen=True)
class Registry:
    """Functions by name. Their order defines their numbers in Gradio's protocol."""

    functions: tuple[Function, ...]
    _by_name: dict[str, Function] = field(init=False, repr=False)

    def __init__(self, functions: Iterable[Function]) -> None:
        object.__setattr__(self, "functions", tuple(functions))
        object.__setattr__(self, "_by_name", {function.name: function for function in self.functions})

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Function:
        """Returns a function. Raises `NotFoundError` for an unknown name."""
        function = self._by_name.get(name)
        if function is None:
            raise NotFoundError(f"Unknown API: {name[:100]}")
        return function
