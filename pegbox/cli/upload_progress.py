"""A progress bar for uploads, shown in a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def show_upload(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function to call with bytes sent and total bytes; `None` when stderr is not a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(name, total=None)

        def update(sent: int, size: int) -> None:
            text = name if sent < size else f"{name}: reading it"
            progress.update(task, completed=sent, total=size, description=text)

        yield update
