"""A backend whose leases run out quickly."""

from __future__ import annotations

import pytest

from pegbox.settings import Settings

LEASE_SECONDS = 0.4


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"lease_seconds": LEASE_SECONDS})
