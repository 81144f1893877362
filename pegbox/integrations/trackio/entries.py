"""Converts messages of a run's feed to Trackio's entries. Ids derive from run and cursor, so repeated entries are ignored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

RESERVED = frozenset({"project", "run", "timestamp", "step", "time", "metrics"})
"""Names of columns of Trackio's rows."""

SYSTEM = "system/"
ALERTS = {"alert": "warn", "warning": "warn", "failed": "error"}
"""Kinds of events that become alerts, with their default level."""

LEVELS = {"info": "info", "warning": "warn", "error": "error"}
TYPED = '{"_type":"trackio.'
"""Prefix of a text that is the JSON of a Trackio object."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """Names of the run at the target. `run_id` differs from ids created there and is stable across restarts."""

    project: str
    run: str
    run_id: str

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Names:
        """The names for a run of the monitor."""
        return cls(run["experiment"], run["name"], f"pegbox-{digest(run['id'], run['created_at'])}")


@dataclass
class Entries:
    """The entries of one page of a feed, by the function to send them with."""

    logs: list[Entry] = field(default_factory=list)
    system_logs: list[Entry] = field(default_factory=list)
    alerts: list[Entry] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.logs) + len(self.system_logs) + len(self.alerts)


def digest(*words: object) -> str:
    """A hash of the words: 32 hex digits."""
    return hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=16).hexdigest()


def translate(messages: Sequence[Mapping[str, Any]], names: Names) -> Entries:
    """Converts points, media, samples and alerts; omits other events."""
    entries = Entries()
    for message in messages:
        kind, data, seq = message["kind"], message["data"], message["seq"]
        if kind == "point":
            _point(entries, data, seq, names)
        elif kind == "media":
            entries.logs.append(_log({_name(data["name"]): _trackio_object(data["data"])}, data, seq, names))
        elif kind == "samples":
            table = {"_type": "trackio.table", "_value": data["rows"]}
            entries.logs.append(_log({_name(data["name"]): table}, data, seq, names))
        elif kind == "event" and data["kind"] in ALERTS:
            entries.alerts.append(
                {
                    **_owner(data, names),
                    "title": data["title"],
                    "text": data["detail"] or None,
                    "level": LEVELS.get(data["level"], ALERTS[data["kind"]]),
                    "step": data["step"],
                    "alert_id": digest(names.run_id, seq),
                }
            )
    return entries


def _point(entries: Entries, data: Mapping[str, Any], seq: int, names: Names) -> None:
    values = data["values"]
    plain = {_name(name): value for name, value in values.items() if not name.startswith(SYSTEM)}
    readings = {name.removeprefix(SYSTEM): value for name, value in values.items() if name.startswith(SYSTEM)}
    if plain:
        entries.logs.append(_log(plain, data, seq, names))
    if readings:
        log_id = digest(names.run_id, seq, "system")
        entries.system_logs.append({**_owner(data, names), "metrics": readings, "log_id": log_id})


def _log(metrics: dict[str, Any], data: Mapping[str, Any], seq: int, names: Names) -> Entry:
    log_id = digest(names.run_id, seq)
    return {**_owner(data, names), "metrics": metrics, "step": data["step"], "config": None, "log_id": log_id}


def _owner(data: Mapping[str, Any], names: Names) -> Entry:
    moment = datetime.fromtimestamp(data["time"], UTC).isoformat(timespec="microseconds")
    return {"project": names.project, "run": names.run, "run_id": names.run_id, "timestamp": moment}


def _name(name: str) -> str:
    return f"__{name}" if name in RESERVED or name.startswith("__") else name


def _trackio_object(data: Mapping[str, Any]) -> Any:
    """A histogram, table or text as the Trackio object of that type."""
    if data["kind"] == "histogram":
        return {"_type": "trackio.histogram", "bins": data["edges"], "values": data["counts"]}
    if data["kind"] == "table":
        rows = [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]
        return {"_type": "trackio.table", "_value": rows}
    if data["text"].startswith(TYPED):
        return json.loads(data["text"])
    return {"_type": "trackio.markdown", "_value": data["text"]}
