"""Copies a run to a Trackio server or Space while the run is recorded.

A separate process reads the run's feed, so the training does not wait. The cursor is saved after each page that the target has
accepted. A page that was sent just before a crash is sent again, and the target ignores the duplicates.
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
"""Records per call: a few hundred kilobytes."""

WAIT_SECONDS = 10.0
FIRST_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 30.0
RECORDS = ("point", "event", "samples", "media")


@dataclass(frozen=True)
class MirrorProgress:
    """Records copied by all processes of the mirror, the last step copied, and the problem that delays the mirror, if any."""

    records: int
    step: int
    problem: str | None = None


@dataclass
class Cursor:
    """The position of a mirror in the feed, saved in a file that is replaced atomically."""

    path: Path
    seq: int = 0
    records: int = 0

    @classmethod
    def load(cls, path: Path) -> Cursor:
        """The saved cursor; the start of the feed when the file is missing or damaged."""
        try:
            saved = json.loads(path.read_text())
            return cls(path, int(saved["seq"]), int(saved["records"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({"seq": self.seq, "records": self.records}))
        unfinished.replace(self.path)


class Mirror:
    """`monitor` is a client of the run's monitor, `folder` holds the cursors, `on_progress` is called after each page.

    Raises `NotFoundError` for an unknown run.
    """

    def __init__(
        self,
        monitor: httpx2.Client,
        run_id: str,
        target: BulkTarget,
        folder: Path,
        on_progress: Callable[[MirrorProgress], None] = lambda progress: None,
    ) -> None:
        self._monitor = monitor
        self._target = target
        self._on_progress = on_progress
        self._step = 0
        self._has_sent_config = False  # sent with the first entry of each process, as Trackio's own client does
        self.run: dict[str, Any] = self._retry(lambda: self._get(f"/api/runs/{run_id}"))
        self.names = Names.of(self.run)
        self.cursor = Cursor.load(folder / f"{digest(target.url, self.names.run_id)}.json")

    def follow(self) -> str:
        """Copies until the run has ended and is complete at the target. Returns the run's final status.

        Retries during outages of either side. Raises permanent errors: a refused token, content that the target cannot use.
        """
        while True:
            messages = self._retry(self._next_page)
            records = [message for message in messages if message["kind"] in RECORDS]
            passed = [message["seq"] for message in messages if message["kind"] in (*RECORDS, "reset")]
            if passed:
                entries = translate(records, self.names)
                if entries.logs and not self._has_sent_config:
                    entries.logs[0]["config"] = {**self.run["config"], "_Created": self.run["created_at"]}
                self._retry(lambda: self._target.send(entries))  # noqa: B023 - called before the next round
                self._has_sent_config = self._has_sent_config or bool(entries.logs)
                self.cursor.seq = max(self.cursor.seq, *passed)
                self.cursor.records += len(records)
                self.cursor.save()
                self._step = max(self._step, *(message["data"].get("step") or 0 for message in records))
                self._on_progress(MirrorProgress(self.cursor.records, self._step))
            elif messages and messages[-1]["kind"] == "end":
                return str(messages[-1]["data"]["state"])

    def _next_page(self) -> list[dict[str, Any]]:
        query = {"after": self.cursor.seq, "wait": WAIT_SECONDS, "limit": PAGE}
        found: list[dict[str, Any]] = self._get(f"/api/runs/{self.run['id']}/feed", query)
        return found

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
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

    def _retry(self, action: Callable[[], Any]) -> Any:
        """Repeats an action until it succeeds. Raises permanent errors."""
        delay = FIRST_DELAY_SECONDS
        while True:
            try:
                return action()
            except (UnavailableError, TooManyRequestsError) as error:
                log.info("trying again in %.0f s: %s", delay, error.message)
                cursor = getattr(self, "cursor", None)
                self._on_progress(MirrorProgress(cursor.records if cursor else 0, self._step, error.message))
                self._target.close()
                time.sleep(delay)
                delay = min(2 * delay, MAX_DELAY_SECONDS)
