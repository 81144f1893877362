"""The sort order of run lists, with keyset pagination.

A cursor holds the sort and the last run's value and id, so that inserted or deleted runs neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, func, or_

from pegbox.errors import ValidationError
from pegbox.store.tables import Experiment, Run

NEWEST_FIRST = "-created_at"
SUMMARY = "summary."
MAX_INTEGER = 2**63 - 1

_run = Run.__table__  # type: ignore[attr-defined]
_experiment = Experiment.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class RunSort:
    """Sorts by `key`; runs without a value come last, ties are sorted by id. `read` validates a value from a cursor."""

    text: str
    key: ColumnElement[Any]
    is_descending: bool
    read: Callable[[Any], Any]

    @classmethod
    def parse(cls, text: str, dialect: str) -> RunSort:
        """Parses `name`, `-created_at`, `summary.train_loss`; a minus means descending. Raises `ValidationError`."""
        name = text.removeprefix("-")
        is_descending = name != text
        if name.startswith(SUMMARY):
            return cls(text, _summary_number(name.removeprefix(SUMMARY), dialect), is_descending, _number)
        if name not in _COLUMNS:
            known = ", ".join(_COLUMNS)
            raise ValidationError(f"sort: one of {known} or {SUMMARY}<metric>, with a minus for greatest first")
        key, read = _COLUMNS[name]
        return cls(text, key, is_descending, read)

    @property
    def order(self) -> tuple[ColumnElement[Any], ...]:
        order = (self.key.desc() if self.is_descending else self.key.asc(), _run.c.id.asc())
        if not self._may_be_missing:
            return order  # matches the index
        return (case((self.key.is_(None), 1), else_=0), *order)

    @property
    def _may_be_missing(self) -> bool:
        return not isinstance(self.key, Column) or bool(self.key.nullable)

    def after(self, cursor: str) -> ColumnElement[bool]:
        """Returns the condition for runs after the cursor. Raises `ValidationError`."""
        value, run_id = self._decode(cursor)
        later = _run.c.id > run_id
        if value is None:
            return and_(self.key.is_(None), later)
        further = self.key < value if self.is_descending else self.key > value
        rest = [self.key.is_(None)] if self._may_be_missing else []
        return or_(further, and_(self.key == value, later), *rest)

    def cursor(self, value: Any, run_id: str) -> str:
        """Encodes the cursor of the page that begins after this run."""
        written = value.isoformat() if isinstance(value, datetime) else value
        content = json.dumps([self.text, written, run_id], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")

    def _decode(self, cursor: str) -> tuple[Any, str]:
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            text, written, run_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if text != self.text:
                raise ValidationError(f"cursor: it belongs to a list sorted by {text}")
            return None if written is None else self.read(written), _text(run_id)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise ValidationError("cursor: not one that this list gave") from None


def _summary_number(metric: str, dialect: str) -> ColumnElement[Any]:
    """The last value of a metric if it is a number; NaN, infinities and strings count as missing."""
    if not metric or any(ord(char) < 32 or char in '"\\' for char in metric):
        raise ValidationError(f"sort: {SUMMARY} is followed by the name of a metric")
    value = _run.c.summary[metric].as_float()
    if dialect != "sqlite":
        return case((func.json_typeof(_run.c.summary[metric]) == "number", value))
    kind = func.json_type(_run.c.summary, f'$."{metric}"')
    # A summary may be invalid JSON for SQLite: Python writes NaN without quotes.
    return case((func.json_valid(_run.c.summary) == 1, case((kind.in_(("integer", "real")), value))))


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > MAX_INTEGER:
        raise TypeError
    return value


def _number(value: Any) -> float:
    if type(value) is not float or not math.isfinite(value):
        raise TypeError
    return value


_COLUMNS: dict[str, tuple[ColumnElement[Any], Callable[[Any], Any]]] = {
    "created_at": (_run.c.created_at, _moment),
    "updated_at": (_run.c.updated_at, _moment),
    "finished_at": (_run.c.finished_at, _moment),
    "name": (_run.c.name, _text),
    "id": (_run.c.id, _text),
    "experiment": (_experiment.c.name, _text),
    "last_step": (_run.c.last_step, _integer),
    "record_count": (_run.c.record_count, _integer),
}
