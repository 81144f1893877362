"""Generated requests against every documented operation: no 500, no undocumented status, answers that fit their schema."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cast import SUPPORT_CSV
from tests.stack import Stack, http
from tests.stub_hub import StubHub

SECONDS = 20
KNOWN_THINGS = """
[[operations]]
include-path-regex = "^/api/dataset"
parameters = {{ uid = "{dataset}" }}

[[operations]]
include-path-regex = "^/api/(jobs|queue)/"
parameters = {{ uid = "{job}" }}
"""


@pytest.mark.slow
def test_generated_requests_find_no_server_error(home: Path, stub_hub: StubHub, tmp_path: Path) -> None:
    stack = Stack(home, {"HF_ENDPOINT": stub_hub.url})
    try:
        stack.start("backend")
        known = register_things(stack.backend_url)
        (tmp_path / "schemathesis.toml").write_text(KNOWN_THINGS.format(**known))
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{stack.backend_url}/openapi.json"),
                *("--checks", "not_a_server_error,status_code_conformance,response_schema_conformance"),
                *("--mode", "all", "--max-examples", "15", "--phases", "coverage,fuzzing", "--continue-on-failure"),
                # One worker: parsing source in two threads at once fails now and then on Python 3.11 (gh-106905).
                *("--workers", "1", "--max-time", str(SECONDS), "--request-timeout", "60"),
                "--generation-deterministic",
                # A claim may wait for twenty seconds, which is all it would do here.
                *("--exclude-path", "/api/queue/claim"),
                # Of the monitor, which is not there; and bytes, which are not generated.
                *(
                    "--exclude-path",
                    "/api/jobs/{uid}/stream",
                    "--exclude-path",
                    "/api/uploads/{upload_id}",
                    "--no-color",
                ),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
        )
        report = run.stdout[-6000:] + run.stderr[-2000:]
        assert run.returncode == 0, report
        assert re.search(r"[1-9]\d{2,} generated", run.stdout), report
        assert "Traceback" not in stack.output("backend")
        found = re.escape('pegbox_http_requests_total{method="GET",route="/api/jobs/{uid}",status="200"}')
        counts = http.get(f"{stack.backend_url}/metrics").text
        assert re.search(f"^{found} [1-9]", counts, re.MULTILINE), "no request got past the first 404"
    finally:
        stack.stop()


def register_things(url: str) -> dict[str, str]:
    """A dataset and a queued job, so that requests reach further than the first 404."""
    files = {"file": ("support.csv", SUPPORT_CSV.read_bytes())}
    dataset = http.post(f"{url}/api/datasets", files=files).raise_for_status().json()["uid"]
    configuration = {"model": {"uid": "starter"}, "dataset": {"uid": dataset}}
    job = http.post(f"{url}/api/jobs", json={"name": "fuzzed", "configuration": configuration}).raise_for_status()
    return {"dataset": dataset, "job": job.json()["uid"]}
