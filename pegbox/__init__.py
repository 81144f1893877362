"""Pegbox: fine-tune language models on your own machine, and watch them learn.

To record a run from a script:

    import pegbox

    with pegbox.init(experiment="digits", name="first try") as run:
        for step in range(100):
            run.log({"train_loss": 1 / (step + 1)}, step=step)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pegbox.sdk.recording.current import finish, init, log

if TYPE_CHECKING:
    from pegbox.sdk.async_client import AsyncClient
    from pegbox.sdk.client import Client
    from pegbox.sdk.recording.media import Histogram, Table, Text
    from pegbox.sdk.recording.run import Run

__version__ = "0.1.0"

__all__ = ["AsyncClient", "Client", "Histogram", "Run", "Table", "Text", "__version__", "finish", "init", "log"]

_LAZY_MODULES = {
    "AsyncClient": "pegbox.sdk.async_client",
    "Client": "pegbox.sdk.client",
    "Histogram": "pegbox.sdk.recording.media",
    "Run": "pegbox.sdk.recording.run",
    "Table": "pegbox.sdk.recording.media",
    "Text": "pegbox.sdk.recording.media",
}


def __getattr__(name: str) -> Any:
    # Some of these modules import HTTP libraries, which would make `import pegbox` slow.
    if name in _LAZY_MODULES:
        from importlib import import_module

        return getattr(import_module(_LAZY_MODULES[name]), name)
    raise AttributeError(f"module 'pegbox' has no attribute {name!r}")
