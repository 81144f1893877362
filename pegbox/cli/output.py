"""Prints tables, records and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

PIPE_WIDTH = 10_000
"""Table width when the output is not a terminal, so that a row is one line for grep and awk."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def print_json(data: Any) -> None:
    """Prints indented JSON."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """Prints a table (`columns`: key → heading), or the text `empty` when there are no rows."""
    if not rows:
        typer.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(row.get(key)) for key in columns))
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def print_record(record: Mapping[str, Any]) -> None:
    """Prints names and values, one per line; omits empty values."""
    shown = {name: value for name, value in record.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        typer.echo(f"{name:<{width}}  {text_of(value)}")


def text_of(value: Any) -> str:
    """A value as text for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={text_of(item)}" for name, item in value.items() if item is not None)
    return str(value)
