"""Real Lightning trainings with `PegboxLogger`, with both names of the package."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT

pytestmark = [
    pytest.mark.train,
    # Warnings of Lightning itself, about packages that it imports and the number of CPUs.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


@pytest.fixture(params=["lightning.pytorch", "pytorch_lightning"])
def lightning(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(request.param)


def make_module(lightning: Any, *, fails_at: int = -1) -> Any:
    import torch

    class Line(lightning.LightningModule):  # type: ignore[name-defined,misc]
        """Fits a line and keeps what it logged."""

        def __init__(self, learning_rate: float) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(1, 1)
            self.logged: dict[int, float] = {}

        def training_step(self, batch: Any, index: int) -> Any:
            if self.global_step == fails_at:
                raise RuntimeError("out of coffee")
            (x,) = batch
            loss = torch.nn.functional.mse_loss(self.layer(x), 2 * x)
            self.logged[self.global_step] = float(loss)
            self.log("loss", loss)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            (x,) = batch
            self.log("val_loss", torch.nn.functional.mse_loss(self.layer(x), 2 * x))

        def test_step(self, batch: Any, index: int) -> None:
            self.log("tested", 1.0)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.learning_rate)

        def train_dataloader(self) -> Any:
            return torch.utils.data.DataLoader(
                torch.utils.data.TensorDataset(torch.arange(8.0)[:, None] / 8), batch_size=2
            )

        val_dataloader = test_dataloader = train_dataloader

    return Line(learning_rate=0.125)


def make_trainer(lightning: Any, logger: Any, folder: Path, **arguments: Any) -> Any:
    return lightning.Trainer(
        logger=logger,
        default_root_dir=folder,
        accelerator="cpu",
        max_epochs=3,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        **arguments,
    )


def test_every_step_is_recorded(lightning: Any, monitor: MonitorProcess, tmp_path: Path) -> None:
    from pegbox.integrations.lightning import PegboxLogger

    experiment = f"line {lightning.__name__}"
    logger = PegboxLogger(experiment=experiment, name="first try", url=monitor.url)
    module, trainer = make_module(lightning), make_trainer(lightning, logger, tmp_path)
    trainer.fit(module)
    fitted = monitor.get(f"/api/runs/{logger.version}")
    trainer.test(module, verbose=False)

    (run,) = monitor.get(f"/api/runs?experiment={experiment.replace(' ', '%20')}")
    assert (fitted["status"], run["status"], run["name"]) == ("finished", "finished", "first try")
    assert run["config"]["learning_rate"] == 0.125
    assert len(module.logged) == 12
    assert monitor.series(run["id"], "train_loss") == module.logged
    assert len(monitor.series(run["id"], "validation_loss")) == 3
    assert monitor.series(run["id"], "tested") == {12: 1.0}
    assert list((tmp_path / experiment / run["id"] / "checkpoints").glob("*.ckpt"))


def test_a_training_that_fails_is_a_failed_run(lightning: Any, monitor: MonitorProcess, tmp_path: Path) -> None:
    from pegbox.integrations.lightning import PegboxLogger

    logger = PegboxLogger(experiment="trouble", url=monitor.url)
    with pytest.raises(RuntimeError, match="coffee"):
        make_trainer(lightning, logger, tmp_path).fit(make_module(lightning, fails_at=5))

    run = monitor.get(f"/api/runs/{logger.version}")
    assert (run["status"], run["last_step"]) == ("failed", 4)


def test_no_monitor_is_no_trouble(lightning: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pegbox.integrations.lightning import PegboxLogger
    from tests.stack import free_port

    monkeypatch.setattr(
        "pegbox.integrations.lightning.FINISH_SECONDS", 1.0
    )  # of waiting for a monitor that never comes
    logger = PegboxLogger(url=f"http://127.0.0.1:{free_port()}", home=str(tmp_path / "away"))
    module, trainer = make_module(lightning), make_trainer(lightning, logger, tmp_path, limit_val_batches=0)
    trainer.fit(module)

    assert trainer.global_step == 12
    (outbox,) = (tmp_path / "away").rglob("*.jsonl")
    assert b'"train_loss"' in outbox.read_bytes()


@pytest.mark.parametrize(
    ("module", "missing", "said"),
    [
        ("lightning", "'lightning', 'pytorch_lightning'", "PegboxLogger needs Lightning: pip install lightning"),
        ("transformers", "'transformers'", "PegboxCallback needs transformers: pip install transformers"),
    ],
)
def test_what_is_missing_is_named(module: str, missing: str, said: str) -> None:
    code = f"import sys\nfor name in [{missing}]: sys.modules[name] = None\nimport pegbox.integrations.{module}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert said in done.stderr
