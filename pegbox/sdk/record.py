"""What a Pegbox answers, as dictionaries whose keys are attributes too."""

from __future__ import annotations

from typing import Any


class Record(dict[str, Any]):
    """`job.state` is `job["state"]`. Nothing is dropped or renamed: what a newer Pegbox adds is there as well.

    A key that is the name of a dictionary's method (`items`, `values`) is only reached as an item.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"this {type(self).__name__} has no {name!r}; it has {', '.join(self)}") from None
        return shown(value)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


def shown(value: Any) -> Any:
    """Objects of the answer as records, in lists as well."""
    if isinstance(value, dict) and not isinstance(value, Record):
        return Record(value)
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value
