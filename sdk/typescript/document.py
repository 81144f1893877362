"""Prints the OpenAPI document of the backend, from which the types are generated."""

from __future__ import annotations

import json
import sys

from backend.app import create_app
from pegbox.settings import Settings

json.dump(create_app(Settings()).openapi(), sys.stdout)
