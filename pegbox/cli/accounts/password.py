"""Reads a password from the terminal or from stdin."""

from __future__ import annotations

import sys

import typer


def ask_password(*, is_new: bool = False) -> str:
    """Prompts for a password, twice if `is_new`. Reads the first line of stdin when stdin is not a terminal."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=is_new))
    return sys.stdin.readline().rstrip("\r\n")
