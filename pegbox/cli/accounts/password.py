"""Asking for a password at a terminal, or taking it from a script's pipe."""

from __future__ import annotations

import sys

import typer


def ask_password(*, is_new: bool = False) -> str:
    """A new one is asked for twice; where stdin is no terminal, its first line is the password."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=is_new))
    return sys.stdin.readline().rstrip("\r\n")
