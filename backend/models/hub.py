"""Client of the model hub: search and lookup. Fails fast with `UnreachableError` when the hub is unreachable."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Literal, TypeVar

from huggingface_hub import HfApi, constants, set_client_factory
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo

from backend.models.catalogue import download_text, find_entry
from backend.models.hub_client import HubUnavailableError, SingleAttemptClient
from pegbox.errors import UnreachableError
from pegbox.schemas.model import HubModel
from pegbox.settings import Settings

T = TypeVar("T")
QUICK_SECONDS = 1.0
PAUSE_SECONDS = 5.0
"""Pause after a slow failure, so that requests do not pile up."""

Field = Literal[
    "config", "cardData", "downloads", "gated", "lastModified", "likes", "pipeline_tag", "safetensors", "tags"
]
FIELDS: list[Field] = [
    "config", "cardData", "downloads", "gated", "lastModified", "likes", "pipeline_tag", "safetensors", "tags",
]  # fmt: skip
BYTES_PER_VALUE = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1, "F8_E4M3": 1}
CATEGORIES = {"text-generation": "Text Generation", "text2text-generation": "Text Generation"}
INSTRUCT = re.compile(r"(instruct|chat|-it$|-it-|dpo|assistant)", re.IGNORECASE)
CODE = re.compile(r"(code|coder|starcoder)", re.IGNORECASE)
PROVIDERS = {
    "google": "Google", "meta-llama": "Meta", "microsoft": "Microsoft", "mistralai": "Mistral AI", "openai": "OpenAI",
    "openai-community": "OpenAI", "stabilityai": "Stability AI", "Qwen": "Qwen", "HuggingFaceTB": "Hugging Face",
    "huggingface": "Hugging Face", "EleutherAI": "EleutherAI", "ibm-granite": "IBM", "nvidia": "NVIDIA",
    "deepseek-ai": "DeepSeek", "tiiuae": "TII", "allenai": "Ai2",
}  # fmt: skip


class ModelHub:
    """The hub at the configured address. Calls block: use a worker thread."""

    def __init__(self, settings: Settings) -> None:
        token = settings.hub_token.get_secret_value() if settings.hub_token else False
        self.endpoint = settings.hub_endpoint.rstrip("/")
        self._api = HfApi(endpoint=self.endpoint, token=token)
        self._timeout = settings.hub_timeout_seconds
        set_client_factory(lambda: SingleAttemptClient(self._timeout))
        # DNS lookups have no timeout, so calls run in threads.
        self._paused_until = 0.0
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="hub")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def search(self, query: str, limit: int) -> list[HubModel]:
        """Text-generation models that match, most downloaded first. Raises `UnreachableError`."""
        found = self._ask(
            lambda: list(
                self._api.list_models(
                    search=query, pipeline_tag="text-generation", sort="downloads", limit=limit, expand=list(FIELDS)
                )
            )
        )
        return [as_hub_model(info) for info in found]

    def find(self, model_id: str) -> HubModel | None:
        """The model with this id; `None` if missing or private. Raises `UnreachableError`."""
        try:
            info = self._ask(lambda: self._api.model_info(model_id, expand=list(FIELDS), timeout=self._timeout))
        except (RepositoryNotFoundError, HFValidationError):
            return None
        return as_hub_model(info)

    def _ask(self, question: Callable[[], T]) -> T:
        if time.monotonic() < self._paused_until:
            raise UnreachableError(f"The model hub at {self.endpoint} is out of reach")
        if constants.HF_HUB_OFFLINE:
            raise UnreachableError("The model hub is switched off (HF_HUB_OFFLINE)")
        begun = time.monotonic()
        try:
            return self._threads.submit(question).result(timeout=self._timeout)
        except (RepositoryNotFoundError, HFValidationError):
            raise
        except HfHubHTTPError as error:
            raise UnreachableError(
                f"The model hub at {self.endpoint} answered with an error: {_first(error)}"
            ) from error
        except (HubUnavailableError, FutureTimeout, OSError) as error:
            if time.monotonic() - begun > QUICK_SECONDS:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
            raise UnreachableError(f"The model hub at {self.endpoint} is out of reach") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # The server is not a model hub.
            raise UnreachableError(f"What answers at {self.endpoint} does not speak like a model hub") from error


def as_hub_model(info: ModelInfo) -> HubModel:
    """Converts the hub's record. The curated catalogue takes precedence; unknown facts stay empty."""
    entry = find_entry(info.id) or {}
    owner, _, short = info.id.rpartition("/")
    tags = [tag for tag in info.tags or [] if isinstance(tag, str)]
    card: dict[str, Any] = dict(vars(info.card_data)) if info.card_data else {}
    return HubModel(
        id=info.id,
        name=entry.get("name") or short.replace("-", " ").replace("_", " "),
        provider=entry.get("provider") or PROVIDERS.get(owner, owner),
        category=entry.get("category") or category_of(info.id, info.pipeline_tag),
        description=entry.get("description") or _describe(info),
        parameters=entry.get("parameters") or _parameters(info),
        context_length=entry.get("context_length") or _context_length(info),
        tags=[tag for tag in tags if ":" not in tag][:30],
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        license=entry.get("license") or _license(tags, card),
        download_size=download_text(_weights_bytes(info)),
        gated=bool(info.gated),
        last_modified=info.last_modified.isoformat() if info.last_modified else None,
    )


def category_of(model_id: str, pipeline_tag: str | None) -> str:
    """Category by words in the id, else by pipeline tag."""
    if CODE.search(model_id):
        return "Code Generation"
    if INSTRUCT.search(model_id):
        return "Instruction Following"
    return CATEGORIES.get(pipeline_tag or "text-generation", (pipeline_tag or "").replace("-", " ").title())


def count_text(count: int) -> str:
    """`1.7B`, `124M`, `1.7M`; empty for zero."""
    if count <= 0:
        return ""
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if count >= size:
            digits = 1 if unit == "B" or count < 10 * size else 0
            return f"{count / size:.{digits}f}{unit}"
    return f"{count:,}"


def _describe(info: ModelInfo) -> str:
    kind = (info.pipeline_tag or "").replace("-", " ")
    return (
        f"{kind.capitalize()} model by {info.id.rpartition('/')[0]}" if kind and "/" in info.id else kind.capitalize()
    )


def _parameters(info: ModelInfo) -> str:
    if info.safetensors and info.safetensors.total:
        return count_text(int(info.safetensors.total))
    found = re.search(r"(?:^|[-_])(\d+(?:\.\d+)?)([bm])(?:$|[-_])", info.id.rpartition("/")[2], re.IGNORECASE)
    return f"{found[1]}{found[2].upper()}" if found else ""


def _context_length(info: ModelInfo) -> int | None:
    config: dict[str, Any] = info.config or {}
    for key in ("max_position_embeddings", "n_positions", "max_seq_len"):
        value = config.get(key)
        if isinstance(value, int) and 0 < value < 10**9:
            return value
    return None


def _license(tags: list[str], card: dict[str, Any]) -> str:
    named = card.get("license_name") or card.get("license")
    if isinstance(named, str):
        return named
    return next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")


def _weights_bytes(info: ModelInfo) -> int:
    if not info.safetensors or not info.safetensors.parameters:
        return 0
    sizes = info.safetensors.parameters
    return (
        sum(count * BYTES_PER_VALUE[kind] for kind, count in sizes.items())
        if sizes.keys() <= BYTES_PER_VALUE.keys()
        else 0
    )


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
