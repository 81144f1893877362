"""Journeys that need a browser take the system's Chromium."""

from __future__ import annotations

from tests.chromium import browser_context_args, browser_type_launch_args

__all__ = ["browser_context_args", "browser_type_launch_args"]
