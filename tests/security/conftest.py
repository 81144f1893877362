"""The house that the security tests try to get into."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.accounts.sign_in_limiter import SignInLimiter
from pegbox.settings import Settings
from tests.security.house import House
from tests.stack import free_port


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of a module: starting it costs more than any of them."""
    hub = "http://127.0.0.1:9"
    home = tmp_path_factory.mktemp("house")
    with House(Settings(home=home, port=free_port(), monitor_port=free_port(), hub_endpoint=hub)) as house:
        yield house


@pytest.fixture
def house(open_house: House) -> House:
    """As nobody has tried anything yet. What a test changes, it changes on users and tokens of its own."""
    open_house.sign_in_context.limiter = SignInLimiter()
    open_house.forget()
    return open_house
