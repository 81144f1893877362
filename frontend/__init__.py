"""Paths of the dashboard's templates and built assets."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
"""Jinja2 templates in the folders of `backend/pages`; names of parts and macros begin with an underscore."""

DIST = Path(__file__).parent / "dist"
"""The output of `vite build`: hashed scripts, styles and fonts, and `manifest.json`."""
