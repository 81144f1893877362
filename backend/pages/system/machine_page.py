"""The host, its load, and the processes and workers of Pegbox."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

import pegbox
from backend.dependencies import Config, Db
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.workers.service import list_live_workers
from pegbox.schemas.jobs.queue import Capabilities
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

ROLES = (
    ("pegbox.cli.serve backend", "backend"),
    ("pegbox.cli.serve monitor", "monitor"),
    ("pegbox.trainer.child", "trainer"),
    ("pegbox worker", "worker"),
    ("pegbox up", "supervisor"),
)


@dataclass(frozen=True)
class ProcessRow:
    """A process of Pegbox; memory and times as text. `pid` is `None` for processes outside the process tree."""

    role: str
    pid: int | None
    memory: str
    cpu_time: str
    running_for: str


@dataclass(frozen=True)
class WorkerRow:
    id: str
    hostname: str
    job_uid: str
    hardware: str
    torch: str
    last_seen_at: datetime


@dataclass(frozen=True)
class SystemPage:
    version: str
    home: str
    disk: str
    database: str
    workers: list[WorkerRow]
    processes: list[ProcessRow]


@router.get("/system", response_class=HTMLResponse)
def show_system(request: Request, db: Db, settings: Config) -> HTMLResponse:
    """Static facts; the browser draws readings from the monitor."""
    usage = shutil.disk_usage(settings.home)
    page = SystemPage(
        version=pegbox.__version__,
        home=str(settings.home),
        disk=f"{filters.size(usage.free)} free of {filters.size(usage.total)}",
        database=_database(settings),
        workers=_workers(db),
        processes=_processes(),
    )
    return render(
        request, "system/system.html", "system", layout=layout_for(request, db, settings, "System"), page=page
    )


def _database(settings: Settings) -> str:
    if not settings.resolved_database_url.startswith("sqlite"):
        return settings.resolved_database_url.partition(":")[0]
    size = sum(file.stat().st_size for file in settings.home.glob("pegbox.db*"))  # with its write-ahead log
    return f"SQLite, {filters.size(size)}"


def _workers(db: Session) -> list[WorkerRow]:
    rows = []
    for worker in list_live_workers(db):
        capabilities = Capabilities.model_validate(worker.capabilities)
        gpus = [f"{capabilities.gpus.count(name)} × {name}" for name in dict.fromkeys(capabilities.gpus)]
        hardware = ", ".join(gpus) or f"CPU, {capabilities.cpu_count} cores"
        rows.append(
            WorkerRow(
                worker.id,
                worker.hostname,
                worker.job_uid or "",
                hardware,
                capabilities.torch or "",
                worker.last_seen_at.astimezone(UTC),
            )
        )
    return rows


def _processes() -> list[ProcessRow]:
    """The supervisor's process tree, or this process and its children without a supervisor."""
    own = psutil.Process()
    parent = own.parent()
    top = parent if parent is not None and _role(parent) == "supervisor" else own
    rows = []
    for process in [top, *top.children(recursive=True)]:
        try:
            with process.oneshot():
                role = _role(process)
                if not role and process.pid != os.getpid():
                    continue
                times = process.cpu_times()
                rows.append(
                    ProcessRow(
                        role=role or "backend",
                        pid=process.pid,
                        memory=filters.size(process.memory_info().rss),
                        cpu_time=filters.duration(times.user + times.system),
                        running_for=filters.duration(time.time() - process.create_time()),
                    )
                )
        except psutil.Error:  # the process ended
            continue
    if not any(row.role == "monitor" for row in rows):
        rows.append(ProcessRow("monitor", None, "–", "–", "–"))  # not in this process tree, perhaps on another host
    return rows


def _role(process: psutil.Process) -> str:
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return ""
    return next((role for pattern, role in ROLES if pattern in words), "")
