"""One stack for all browser tests, with a cast of real records; a page that complains on its console fails its test."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from frontend import DIST
from tests.browser.cast import Cast, Director, make_cast
from tests.chromium import browser_context_args, browser_type_launch_args
from tests.stack import ROOT, Stack

__all__ = ["browser_context_args", "browser_type_launch_args"]

TIDY = {"PEGBOX_LEASE_SECONDS": "3600", "PEGBOX_TOKEN": "", "HF_ENDPOINT": "http://127.0.0.1:9"}
EXPECTED = re.compile(r"WebSocket connection|net::ERR_|status of (400|401|404|409|422|503)")
"""What Chromium itself prints when a test cuts the line or asks for what is refused."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def built_assets() -> Path:
    """The dashboard's scripts and styles, built from what lies in the tree."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    hook.build()
    return DIST


@pytest.fixture(scope="session")
def site(
    browser_type_launch_args: dict[str, Any], built_assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Backend and monitor with the cast on them."""
    home = tmp_path_factory.mktemp("site") / "home"
    home.mkdir()
    with Stack(home, TIDY) as stack:
        yield stack


@pytest.fixture(scope="session")
def director(site: Stack) -> Iterator[Director]:
    director = Director(site)
    yield director
    director.close()


@pytest.fixture(scope="session")
def cast(director: Director) -> Cast:
    return make_cast(director)


@pytest.fixture(autouse=True)
def complaints(page: Page) -> Iterator[list[str]]:
    """What the page says on its console; anything unexpected fails the test."""
    found: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            found.append(message.text)

    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", listen)
    yield found
    assert found == []
