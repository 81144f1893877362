"""Calls functions of a Gradio app with `gradio_client`."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import Any

from pegbox.errors import AuthenticationError, PegboxError, UnreachableError, UnusableContentError

INSTALL = "pip install gradio_client huggingface_hub"


def require_gradio_client() -> None:
    """Raises `ModuleNotFoundError`, which says what to install."""
    if find_spec("gradio_client") is None:
        raise ModuleNotFoundError(f"gradio_client is not installed: {INSTALL}", name="gradio_client")


class Space:
    """A connected app. Raises `UnreachableError`, `AuthenticationError`."""

    def __init__(self, url: str, token: str | None) -> None:
        require_gradio_client()
        from gradio_client import Client  # noqa: PLC0415 - slow to import

        parameters = inspect.signature(Client.__init__).parameters
        token_parameter = "hf_token" if "hf_token" in parameters else "token"
        try:
            self._client: Any = Client(url, verbose=False, **{token_parameter: token})
        except Exception as error:  # gradio_client raises errors of many classes
            raise as_pegbox_error(error, url) from error
        self._url = url

    def call(self, api_name: str, *args: Any) -> Any:
        """Calls a function and returns its result. Raises `UnusableContentError` with the app's message when the app refuses."""
        try:
            return self._client.predict(*args, api_name=f"/{api_name}")
        except Exception as error:
            raise as_pegbox_error(error, self._url) from error

    def close(self) -> None:
        """Stops the client's threads."""
        self._client.close()


def as_pegbox_error(error: Exception, url: str) -> PegboxError:
    """The Pegbox error for an error of `gradio_client`. `UnreachableError` means that a retry may succeed."""
    name, text = type(error).__name__, str(error)
    if name == "AppError":
        return UnusableContentError(text)
    if name == "AuthenticationError" or "401" in text:
        return AuthenticationError(f"{url} refuses the token: pass a valid one as hf_token")
    if isinstance(error, ValueError) and "api_name" in text:
        return UnusableContentError(f"{url} has no such function: {text}")
    return UnreachableError(f"Space not accessible: {url} ({name}: {text[:300]}). Is it running?")
