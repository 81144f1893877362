"""Messages of a run's feed as Trackio's entries. Their ids follow from the run and the cursor: what is sent twice counts once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

RESERVED = frozenset({"project", "run", "timestamp", "step", "time", "metrics"})
"""Words that Trackio's rows need for themselves."""

SYSTEM = "system/"
ALERTS = {"alert": "warn", "warning": "warn", "failed": "error"}
"""Events that ask for attention become alerts, of this level if they name none."""

LEVELS = {"info": "info", "warning": "warn", "error": "error"}
TYPED = '{"_type":"trackio.'
"""What a text begins with that is the JSON of one of Trackio's own objects."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """What the target calls the run. `run_id` tells it from any run that was begun there, and is the same after a restart."""

    project: str
    run: str
    run_id: str

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Names:
        """Of a run as the monitor shows it."""
        return cls(run["experiment"], run["name"], f"pegbox-{digest(run['id'], run['created_at'])}")


@dataclass
class Entries:
    """What one page of a feed becomes, by the function that takes it."""

    logs: list[Entry] = field(default_factory=list)
    system_logs: list[Entry] = field(default_factory=list)
    alerts: list[Entry] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.logs) + len(self.system_logs) + len(self.alerts)


def digest(*words: object) -> str:
    """32 hex digits, the same for the same words."""
    return hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=16).hexdigest()


def translate(messages: Sequence[Mapping[str, Any]], names: Names) -> Entries:
    """Points, media, answers and alerts; other events and the readings of the monitor's own machine stay where they are."""
    found = Entries()
    for message in messages:
        kind, data, seq = message["kind"], message["data"], message["seq"]
        if kind == "point":
            _point(found, data, seq, names)
        elif kind == "media":
            found.logs.append(_log({_name(data["name"]): _shown(data["data"])}, data, seq, names))
        elif kind == "samples":
            table = {"_type": "trackio.table", "_value": data["rows"]}
            found.logs.append(_log({_name(data["name"]): table}, data, seq, names))
        elif kind == "event" and data["kind"] in ALERTS:
            found.alerts.append(
                {
                    **_owner(data, names),
                    "title": data["title"],
                    "text": data["detail"] or None,
                    "level": LEVELS.get(data["level"], ALERTS[data["kind"]]),
                    "step": data["step"],
                    "alert_id": digest(names.run_id, seq),
                }
            )
    return found


def _point(found: Entries, data: Mapping[str, Any], seq: int, names: Names) -> None:
    values = data["values"]
    plain = {_name(name): value for name, value in values.items() if not name.startswith(SYSTEM)}
    readings = {name.removeprefix(SYSTEM): value for name, value in values.items() if name.startswith(SYSTEM)}
    if plain:
        found.logs.append(_log(plain, data, seq, names))
    if readings:
        log_id = digest(names.run_id, seq, "system")
        found.system_logs.append({**_owner(data, names), "metrics": readings, "log_id": log_id})


def _log(metrics: dict[str, Any], data: Mapping[str, Any], seq: int, names: Names) -> Entry:
    log_id = digest(names.run_id, seq)
    return {**_owner(data, names), "metrics": metrics, "step": data["step"], "config": None, "log_id": log_id}


def _owner(data: Mapping[str, Any], names: Names) -> Entry:
    moment = datetime.fromtimestamp(data["time"], UTC).isoformat(timespec="microseconds")
    return {"project": names.project, "run": names.run, "run_id": names.run_id, "timestamp": moment}


def _name(name: str) -> str:
    return f"__{name}" if name in RESERVED or name.startswith("__") else name


def _shown(data: Mapping[str, Any]) -> Any:
    """A histogram, table or text as Trackio's object of that kind."""
    if data["kind"] == "histogram":
        return {"_type": "trackio.histogram", "bins": data["edges"], "values": data["counts"]}
    if data["kind"] == "table":
        rows = [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]
        return {"_type": "trackio.table", "_value": rows}
    if data["text"].startswith(TYPED):
        return json.loads(data["text"])
    return {"_type": "trackio.markdown", "_value": data["text"]}
