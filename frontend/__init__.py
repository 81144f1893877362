"""Templates and built assets of the dashboard: one address for both."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
"""Jinja2 templates in the folders of `backend/pages`; names of parts and macros begin with an underscore."""

DIST = Path(__file__).parent / "dist"
"""What `vite build` writes: hashed scripts, styles and fonts plus `manifest.json`."""
