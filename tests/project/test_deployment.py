"""The container files say what the product needs: three services, health checks, one volume, a token."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.project.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
GPU: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.findall(r"^FROM \S+ AS ([\w-]+)$", DOCKERFILE, re.MULTILINE)
SERVICES = ("backend", "monitor", "worker")


def test_three_services() -> None:
    assert sorted(COMPOSE["services"]) == sorted(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_watched_and_comes_back(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert "/api/health" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_shares_the_one_volume_and_the_token(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["volumes"] == ["data:/data"]
    assert service["environment"]["PEGBOX_HOME"] == "/data"
    # `:?` makes compose refuse to start without one.
    assert service["environment"]["PEGBOX_TOKEN"].startswith("${PEGBOX_TOKEN:?")
    assert list(COMPOSE["volumes"]) == ["data"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_built_from_a_stage_that_exists(name: str) -> None:
    assert COMPOSE["services"][name]["build"]["target"] in STAGES


def test_the_worker_waits_for_both_services_and_knows_their_addresses() -> None:
    worker = COMPOSE["services"]["worker"]
    assert worker["depends_on"] == {name: {"condition": "service_healthy"} for name in ("backend", "monitor")}
    assert worker["environment"]["PEGBOX_URL"] == "http://backend:8000"
    assert worker["environment"]["PEGBOX_MONITOR_URL"] == "http://monitor:8001"
    # Those names arrive as Host headers, which the services check.
    for name in ("backend", "monitor"):
        assert {"backend", "monitor"} <= set(
            COMPOSE["services"][name]["environment"]["PEGBOX_ALLOWED_HOSTS"].split(",")
        )


@pytest.mark.parametrize(("name", "port"), [("backend", 8000), ("monitor", 8001)])
def test_ports_are_published_on_loopback_unless_told_otherwise(name: str, port: int) -> None:
    assert COMPOSE["services"][name]["ports"] == [f"${{BIND:-127.0.0.1}}:{port}:{port}"]


def test_the_gpu_override_reserves_gpus_for_the_worker_and_shows_them_to_the_monitor() -> None:
    for name in GPU["services"]:
        devices = GPU["services"][name]["deploy"]["resources"]["reservations"]["devices"]
        assert [(device["driver"], "gpu" in device["capabilities"]) for device in devices] == [("nvidia", True)]
    assert sorted(GPU["services"]) == ["monitor", "worker"]


def test_the_image_runs_as_nobody_special_and_holds_no_secret() -> None:
    assert re.search(r"^USER \d{4,}$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^(?:ENV|ARG).*(?:TOKEN|SECRET|PASSWORD)", DOCKERFILE, re.MULTILINE) == []
    assert DOCKERFILE.count("HEALTHCHECK") == 2


def test_the_builder_chooses_the_torch_build() -> None:
    assert re.search(r'^ARG TORCH_INDEX_URL=""$', DOCKERFILE, re.MULTILINE)
    assert re.search(r"^ARG TORCH_SPEC=", DOCKERFILE, re.MULTILINE)
    assert set(COMPOSE["services"]["worker"]["build"]["args"]) == {"TORCH_INDEX_URL", "TORCH_SPEC"}


def test_the_dashboard_is_built_in_the_image_not_copied_into_it() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"*", "frontend/dist", "frontend/node_modules"} <= set(ignored)
    for package in ("backend", "frontend", "monitor", "pegbox", "requirements", "hatch_build.py", "pyproject.toml"):
        assert f"!{package}" in ignored
