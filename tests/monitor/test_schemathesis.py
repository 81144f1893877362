"""Generated requests: responses match the OpenAPI document, and none is a 500."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from monitor.app import create_app
from pegbox.settings import Settings
from tests.stack import Stack, http

SCHEMA = schemathesis.openapi.from_dict(create_app(Settings(home=Path("unused"))).openapi())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}
MAX_WAIT_SECONDS = 0.05
NOT_PROMISED = [
    not_a_server_error,  # 503 is valid: there may be no data
    positive_data_acceptance,  # a schema cannot express columns of equal length or printable names
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A monitor with a run that generated requests can refer to."""
    home = tmp_path_factory.mktemp("schemathesis") / "home"
    home.mkdir()
    stack = Stack(home)
    try:
        stack.start("monitor")
        http.post(f"{stack.monitor_url}/api/runs", json={"id": "0"}).raise_for_status()
        points = {"step": [1, 2], "time": [1.0, 2.0], "metrics": {"train_loss": [1.0, "NaN"]}}
        batch = {"writer": "w", "sequence": 1, "points": points}
        http.post(f"{stack.monitor_url}/api/runs/0/batches", json=batch).raise_for_status()
        yield stack.monitor_url
    finally:
        stack.stop()


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_server_error(label: str, address: str) -> None:
    @given(case=OPERATIONS[label].as_strategy())
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        if case.query and "wait" in case.query:
            case.query["wait"] = MAX_WAIT_SECONDS  # a longer wait only takes time
        if case.path.endswith("/stream"):
            # The stream of a known run stays open until the run ends.
            case.path_parameters |= dict.fromkeys(case.path_parameters, "unknown")
        if case.method == "GET" and case.path.endswith("/queue/join") and type(case.query.get("fn_index")) is int:
            case.query["fn_index"] += 10_000  # a known function waits a minute for its arguments
        response = case.call(base_url=address)
        assert response.status_code != 500, response.text
        case.validate_response(response, excluded_checks=NOT_PROMISED)

    check()
