"""A command job as it is posted: what to run, with what, and how often to try."""

from __future__ import annotations

import shlex
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from pegbox.schemas.jobs.environment import Environment
from pegbox.schemas.jobs.request import JobRequest

DEVICES = "CUDA_VISIBLE_DEVICES"
SHELL = "/bin/sh"
MOST_SECONDS = 30 * 24 * 3600.0


def _runnable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL characters")
    return text


CommandText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8192), AfterValidator(_runnable)
]


def argv_of(command: str, *, shell: bool) -> list[str]:
    """What is executed: the words of the command, or the shell with the command as its script. Raises `ValueError`."""
    if shell:
        return [SHELL, "-c", command]
    words = shlex.split(command)
    if not words or not words[0]:
        raise ValueError("the command names no program")
    return words


class CommandCreate(JobRequest):
    """Body of `POST /api/jobs` for a command job. Without `shell` the command is split into words as a shell would, no more."""

    kind: Literal["command"] = "command"
    command: CommandText
    shell: bool = Field(
        False, description="Runs the command as a script of the worker's /bin/sh: pipes, globs, variables."
    )
    environment: Environment = Field(
        default_factory=dict, description="Variables of the command; values of secret-looking names are never shown."
    )
    max_retries: int = Field(0, ge=0, le=100, description="Further attempts after one that failed or was lost.")
    timeout_seconds: float | None = Field(None, gt=0, le=MOST_SECONDS, description="Time limit of one attempt.")

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        try:
            argv_of(self.command, shell=self.shell)
        except ValueError as error:
            raise ValueError(
                f"command cannot be split into words ({error}); mend the quotes or send shell: true"
            ) from None
        if self.gpu_count and (wanted := self.wanted_devices()) is not None and len(wanted) != self.gpu_count:
            raise ValueError(
                f"{DEVICES} names {len(wanted)} devices, but gpu_count is {self.gpu_count}; leave one of them out"
            )
        return self

    def wanted_devices(self) -> list[str] | None:
        """The devices (indexes or UUIDs) that `CUDA_VISIBLE_DEVICES` names; `None` when it is not given.

        Raises `ValueError` for one named twice.
        """
        given = self.environment.get(DEVICES)
        if given is None:
            return None
        names = [name.strip() for name in given.split(",") if name.strip()]
        if len(set(names)) != len(names):
            raise ValueError(f"{DEVICES} names a device twice")
        return names
