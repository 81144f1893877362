"""A line that shows how far an upload has come: share, rate, time left. Only where somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def sending(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """What to tell about bytes sent and in all; `None` when the output is no terminal."""
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

        def tell(sent: int, size: int) -> None:
            text = name if sent < size else f"{name}: reading it"
            progress.update(task, completed=sent, total=size, description=text)

        yield tell
