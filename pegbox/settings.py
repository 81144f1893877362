"""The settings of the services and the supervisor, read from the environment once.

Code receives a `Settings` object and does not import constants from this module. The SDK, the worker and the trainer do not use
this module: they run on other machines with two URLs and a token.
"""

from __future__ import annotations

import ipaddress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Values come from arguments, else from `PEGBOX_*` variables, else from the defaults."""

    model_config = SettingsConfigDict(
        env_prefix="PEGBOX_", extra="ignore", validate_default=True, populate_by_name=True
    )

    home: Path = Field(Path("~/.pegbox"), description="The data folder: database, datasets, job folders, models.")
    host: str = Field(
        "127.0.0.1", description="Address both services listen on. Anything but loopback needs accounts or a token."
    )
    port: int = Field(8000, ge=0, le=65535, description="Port of the backend and the dashboard.")
    monitor_port: int = Field(8001, ge=0, le=65535, description="Port of the monitor.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; empty means SQLite in the data folder.")
    auth: Literal["off", "optional", "required"] | None = Field(
        None,
        description="Whether requests must prove who sends them. Empty: `required` with `PEGBOX_TOKEN` or off loopback, "
        "else `optional`.",
    )
    token: SecretStr | None = Field(None, description="Shared access token; who has it is an admin.")
    worker_token: SecretStr | None = Field(
        None, description="Token of the worker that `pegbox up` starts; it makes a new one at every start."
    )
    public_monitor_url: str | None = Field(
        None, description="Monitor address as browsers see it; empty means the page's host with the monitor port."
    )
    monitor_url: str | None = Field(
        None, description="Monitor address as the backend reaches it; empty means this machine with the monitor port."
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Further host names (comma separated) under which the services may be addressed.",
    )
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="Further origins (comma separated) whose pages may call the API."
    )
    max_preview_bytes: int = Field(50 * MIB, ge=1, description="Largest CSV accepted by the preview, in bytes.")
    max_dataset_bytes: int = Field(
        1024 * MIB, ge=1, description="Largest dataset file accepted in one request, in bytes."
    )
    max_upload_bytes: int = Field(
        100 * 1024 * MIB,
        ge=1,
        description="Largest file that may be uploaded in pieces, and most that an archive may hold, in bytes.",
    )
    max_artifact_bytes: int = Field(
        10 * 1024 * MIB, ge=1, description="Largest file that a run may keep as an artifact, in bytes."
    )
    lease_seconds: float = Field(15.0, gt=0, description="How long a claimed job stays claimed without a heartbeat.")
    max_stalled_attempts: int = Field(
        3, ge=1, description="Interrupted attempts in a row without a new step after which a job fails."
    )
    sample_interval_seconds: float = Field(1.0, gt=0, description="Time between two resource samples.")
    raw_days: float | None = Field(
        None,
        gt=0,
        description="Days for which every metric point of an ended run is kept; later only its outline. Empty: for ever.",
    )
    audit_days: float = Field(365.0, gt=0, description="Days for which the audit log is kept.")
    hub_endpoint: str = Field(
        "https://huggingface.co",
        validation_alias=AliasChoices("HF_ENDPOINT", "hub_endpoint"),
        description="Address of the model hub.",
    )
    hub_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("HF_TOKEN", "hub_token"), description="Token for gated models of the hub."
    )
    hub_timeout_seconds: float = Field(
        8.0, gt=0, description="How long a hub search may take before it counts as out of reach."
    )
    log_level: str = Field("info", description="Level of the log: debug, info, warning or error.")

    @field_validator("auth", "token", "worker_token", "hub_token", "monitor_url", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @cached_property
    def resolved_database_url(self) -> str:
        """The configured URL, or SQLite at `<home>/pegbox.db`."""
        return self.database_url or f"sqlite:///{self.home / 'pegbox.db'}"

    @property
    def access(self) -> Literal["off", "optional", "required"]:
        """`off` ignores tokens, `optional` rejects invalid tokens only, `required` rejects requests without a token too."""
        return self.auth or ("required" if self.token or not self.is_loopback else "optional")

    @property
    def internal_monitor_url(self) -> str:
        """The monitor's address for the backend."""
        if self.monitor_url:
            return self.monitor_url.rstrip("/")
        return local_url(self.host, self.monitor_port)

    @property
    def datasets_dir(self) -> Path:
        """Content-addressed dataset files, `<sha256>.csv`, `.jsonl` or `.parquet`."""
        return self.home / "datasets"

    @property
    def uploads_dir(self) -> Path:
        """Unfinished chunked uploads, each under its id."""
        return self.home / "uploads"

    @property
    def artifacts_dir(self) -> Path:
        """Artifacts of runs, each under its SHA-256."""
        return self.home / "artifacts"

    @property
    def jobs_dir(self) -> Path:
        """One folder per job: `stdout.log`, `stderr.log`, `work/`."""
        return self.home / "jobs"

    @property
    def models_dir(self) -> Path:
        """Finished models, one folder each."""
        return self.home / "models"

    @property
    def is_loopback(self) -> bool:
        """Whether the services listen on this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def local_url(host: str, port: int) -> str:
    """The address at which this machine reaches a service that listens on `host`."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound
    reachable = everywhere.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
