"""A run of Pegbox, copied to a Trackio server or Space while it goes on.

The copy follows the run's feed from a process of its own: the training neither waits for it nor notices it. How far it has got is
written down after each page that the target has taken; a page that was sent just before a crash is sent again, and counts once.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from pegbox.errors import BY_STATUS, PegboxError, TooManyRequestsError, UnavailableError, UnreachableError
from pegbox.integrations.trackio.bulk import BulkTarget
from pegbox.integrations.trackio.entries import Names, digest, translate

log = logging.getLogger(__name__)

PAGE = 2_000
"""Records in one call: a few hundred kilobytes, taken within a second by any server."""

WAIT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
RECORDS = ("point", "event", "samples", "media")


@dataclass(frozen=True)
class Progress:
    """How far a mirror is: records copied (by all its processes), the run's step there, and what it waits for, if for anything."""

    records: int
    step: int
    trouble: str | None = None


@dataclass
class Place:
    """Where a copy has got to, kept in a file that is replaced as a whole."""

    path: Path
    seq: int = 0
    records: int = 0

    @classmethod
    def load(cls, path: Path) -> Place:
        """The beginning, when there is no file or it cannot be read: what is sent again counts once."""
        try:
            known = json.loads(path.read_text())
            return cls(path, int(known["seq"]), int(known["records"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"seq": self.seq, "records": self.records}))
        fresh.replace(self.path)


class Mirror:
    """`monitor` is a client of the monitor that has the run, `folder` where places are kept. `told` hears of every page.

    Raises `NotFoundError` when there is no such run.
    """

    def __init__(
        self,
        monitor: httpx2.Client,
        run_id: str,
        target: BulkTarget,
        folder: Path,
        told: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._monitor = monitor
        self._target = target
        self._told = told
        self._step = 0
        self._has_told_config = False  # it travels with the first entry of each process, as with Trackio's own client
        self.run: dict[str, Any] = self._patiently(lambda: self._ask(f"/api/runs/{run_id}"))
        self.names = Names.of(self.run)
        self.place = Place.load(folder / f"{digest(target.url, self.names.run_id)}.json")

    def follow(self) -> str:
        """Copies until the run has ended and all of it is there; the status with which it ended.

        Outages of either side are waited out. Raises what will not pass: a refused token, content that the target cannot use.
        """
        while True:
            messages = self._patiently(self._next_page)
            records = [message for message in messages if message["kind"] in RECORDS]
            passed = [message["seq"] for message in messages if message["kind"] in (*RECORDS, "reset")]
            if passed:
                entries = translate(records, self.names)
                if entries.logs and not self._has_told_config:
                    entries.logs[0]["config"] = {**self.run["config"], "_Created": self.run["created_at"]}
                self._patiently(lambda: self._target.send(entries))  # noqa: B023 - called before the next round
                self._has_told_config = self._has_told_config or bool(entries.logs)
                self.place.seq = max(self.place.seq, *passed)
                self.place.records += len(records)
                self.place.save()
                self._step = max(self._step, *(message["data"].get("step") or 0 for message in records))
                self._told(Progress(self.place.records, self._step))
            elif messages and messages[-1]["kind"] == "end":
                return str(messages[-1]["data"]["state"])

    def _next_page(self) -> list[dict[str, Any]]:
        query = {"after": self.place.seq, "wait": WAIT_SECONDS, "limit": PAGE}
        found: list[dict[str, Any]] = self._ask(f"/api/runs/{self.run['id']}/feed", query)
        return found

    def _ask(self, path: str, query: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._monitor.get(path, params=query, timeout=3 * WAIT_SECONDS)
            body = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise UnreachableError(f"{self._monitor.base_url} does not answer: {error}. Is it running?") from error
        if answer.status_code >= 500:
            raise UnreachableError(f"{self._monitor.base_url} answered {answer.status_code}")
        if answer.status_code >= 400:
            raise BY_STATUS.get(answer.status_code, PegboxError)(str(body.get("detail", body))[:500])
        return body

    def _patiently(self, action: Callable[[], Any]) -> Any:
        """Until it succeeds, or fails for a reason that will not pass."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return action()
            except (UnavailableError, TooManyRequestsError) as error:
                log.info("trying again in %.0f s: %s", pause, error.message)
                place = getattr(self, "place", None)
                self._told(Progress(place.records if place else 0, self._step, error.message))
                self._target.close()
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
