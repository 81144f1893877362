"""The published `TrainingMonitor` script, unchanged, in a real Chromium: on the WebSocket, and on polling when it is refused.

Its addresses are the default ports; where those are taken on this machine, the ports in its text are replaced. Its job id is
replaced by a real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import pegbox
from tests.stack import Stack, http

pytestmark = pytest.mark.browser

SCRIPT = (Path(__file__).parent / "seed" / "training_monitor.js").read_text("utf-8")
PAGE = """<!doctype html><title>monitor</title><link rel="icon" href="data:,">
<p id="current-loss"></p><p id="gpu-usage"></p><div id="progress"></div><script>{script}</script>"""
REFUSED = (
    "const Real = WebSocket; window.WebSocket = class extends Real { constructor() { super('ws://127.0.0.1:9/'); } };"
)


@pytest.fixture
def live_run(stack: Stack) -> Iterator[pegbox.Run]:
    """A job that a worker has claimed, and the run it logs to."""
    job = http.post(
        f"{stack.backend_url}/api/jobs",
        json={
            "name": "watched",
            "configuration": {"model": {"uid": "m"}, "dataset": {"uid": "d"}, "hyperparameters": {"uid": "h"}},
        },
    ).json()
    with pegbox.init(
        experiment="browser", name="watched", job_uid=job["jobUid"], total_steps=230, url=stack.monitor_url
    ) as run:
        run.log({"validation_loss": 0.9, "epoch": 0.0}, step=0)
        run.log({"train_loss": 0.5, "learning_rate": 2e-4, "epoch": 0.01}, step=1)
        run.flush()
        yield run


def open_page(page: Page, stack: Stack, job_uid: str) -> None:
    script = SCRIPT.replace("job_123", job_uid).replace("127.0.0.1:8001", f"127.0.0.1:{stack.monitor_port}")
    # On an address of the backend: Chromium takes a page without one for a public site and keeps it from this machine.
    page.goto(f"{stack.backend_url}/api/health")
    page.set_content(PAGE.format(script=script))


def test_on_the_websocket(page: Page, stack: Stack, live_run: pegbox.Run) -> None:
    open_page(page, stack, str(live_run.job_uid))
    expect(page.locator("#current-loss")).to_have_text("0.5000")
    live_run.log({"train_loss": 0.3421, "learning_rate": 2e-4, "epoch": 0.02}, step=2)
    expect(page.locator("#current-loss")).to_have_text("0.3421")
    expect(page.locator("#gpu-usage")).to_have_text("0.0%")
    assert float(page.locator("#progress").evaluate("e => parseFloat(e.style.width)")) == pytest.approx(100 / 230)


def test_on_polling_when_the_socket_is_refused(page: Page, stack: Stack, live_run: pegbox.Run) -> None:
    page.add_init_script(REFUSED)
    open_page(page, stack, str(live_run.job_uid))
    expect(page.locator("#current-loss")).to_have_text("0.5000", timeout=15_000)
    live_run.log({"train_loss": 0.3421, "learning_rate": 2e-4, "epoch": 0.02}, step=2)
    expect(page.locator("#current-loss")).to_have_text("0.3421", timeout=15_000)
    expect(page.locator("#gpu-usage")).to_have_text("0.0%")
