"""What each route takes: one table for both services.

A route that is not in it can be reached by admins only, and fails a test. Templates are those of the routes; the first that
fits a path counts, so fixed words come before parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from pegbox.schemas.account import Role

Access = Role | Literal["open"]
"""`open` asks for nothing: what probes read, and the ways in."""

TABLE: tuple[tuple[Access, str, str], ...] = (
    # What needs no account
    ("open", "GET", "/healthz /readyz /api/health /tracker/api/v1/health /api/v1/health"),
    ("open", "GET", "/static/app/{file:path} /login /setup"),
    ("open", "POST", "/login /logout /setup /api/auth/login /api/auth/refresh"),
    # Oneself
    ("viewer", "GET", "/api/auth/me /api/tokens /account"),
    ("viewer", "POST", "/api/auth/logout /api/auth/ticket /api/auth/password /api/tokens"),
    ("viewer", "DELETE", "/api/tokens/{token_id}"),
    ("viewer", "POST", "/account/password /account/tokens /account/tokens/{token_id}/revoke"),
    # Others
    ("admin", "GET", "/api/users /api/users/{name} /api/audit /users /audit"),
    ("admin", "POST", "/api/users /users /users/{name} /users/{name}/password"),
    ("admin", "PATCH", "/api/users/{name}"),
    ("admin", "DELETE", "/api/users/{name}"),
    # Both services: what they are
    ("viewer", "GET", "/ /docs /api/docs /openapi.json /openapi.yaml /metrics"),
    # Backend: datasets, models, hyperparameters, workflow
    ("viewer", "GET", "/api/datasets /api/datasets/{uid} /api/datasets/{uid}/file /api/datasets/{uid}/rows"),
    ("viewer", "GET", "/api/datasets/{uid}/versions /api/datasets/{uid}/diff /api/datasets/{uid}/uses"),
    ("viewer", "GET", "/api/dataset-by-uid/{uid}"),
    ("maintainer", "POST", "/api/datasets /api/datasets/{uid}/versions /api/preview-csv"),
    ("maintainer", "PUT", "/api/datasets/{uid}"),
    ("maintainer", "DELETE", "/api/datasets/{uid}"),
    ("maintainer", "POST", "/api/uploads /api/uploads/{upload_id}/finish"),
    ("maintainer", "GET", "/api/uploads/{upload_id} /api/uploads/{upload_id}/preview"),
    ("maintainer", "PATCH", "/api/uploads/{upload_id}"),
    ("maintainer", "DELETE", "/api/uploads/{upload_id}"),
    ("viewer", "GET", "/api/models/{model_id:path}/export /api/models/{model_id:path}/card"),
    ("viewer", "GET", "/api/models/{model_id:path}/uses"),
    ("maintainer", "POST", "/api/models/{model_id:path}/tag /api/models/{model_id:path}/untag"),
    ("viewer", "GET", "/api/models /api/models/search /api/models/check/{model_id:path} /api/models/{model_id:path}"),
    ("viewer", "GET", "/api/model-by-uid/{uid:path}"),
    ("maintainer", "POST", "/api/models /api/models/{model_id:path}/ask"),
    ("maintainer", "DELETE", "/api/models/{model_id:path}"),
    ("viewer", "GET", "/api/hyperparameter-config /api/hyperparameter-config/{uid} /api/configurations/best"),
    ("maintainer", "POST", "/api/hyperparameter-config /api/hyperparameter-config/configs"),
    ("viewer", "GET", "/api/metadata /api/job-configuration /api/job-configuration/validate"),
    ("maintainer", "POST", "/api/metadata"),
    # Backend: experiments, jobs, the queue and its workers, the machine
    ("viewer", "GET", "/api/experiments /api/experiments/{experiment_id} /api/experiments/{experiment_id}/best"),
    ("viewer", "GET", "/api/experiments/{experiment_id}/runs"),
    ("viewer", "POST", "/api/experiments/{experiment_id}/compare /api/jobs/compare"),
    ("maintainer", "POST", "/api/experiments"),
    ("maintainer", "PATCH", "/api/experiments/{experiment_id}"),
    ("maintainer", "DELETE", "/api/experiments/{experiment_id}"),
    ("viewer", "GET", "/api/jobs /api/jobs/current /api/jobs/past /api/jobs/statistics /api/jobs/{uid}"),
    ("viewer", "GET", "/api/jobs/{uid}/logs /api/jobs/{uid}/result /api/jobs/{uid}/stream /api/queue"),
    ("maintainer", "POST", "/api/jobs /api/jobs/{uid}/start /api/jobs/{uid}/cancel /api/jobs/{uid}/pause"),
    ("maintainer", "POST", "/api/jobs/{uid}/resume /api/jobs/{uid}/archive /api/jobs/{uid}/restore"),
    ("maintainer", "POST", "/api/jobs/{uid}/clone /api/jobs/{uid}/restart /api/workers/{worker_id}/leave"),
    ("maintainer", "DELETE", "/api/jobs/{uid}"),
    ("maintainer", "POST", "/api/queue/claim /api/queue/{uid}/heartbeat /api/queue/{uid}/report"),
    ("maintainer", "GET", "/api/queue/{uid}/dataset"),
    ("viewer", "GET", "/api/workers /api/gpus /api/metrics"),
    # Backend: pages
    ("viewer", "GET", "/datasets/{key}/versions /datasets/{key}/diff"),
    ("maintainer", "POST", "/datasets/{key}/versions /datasets/{key}/rollback /models/stage"),
    ("viewer", "GET", "/datasets /datasets/{key} /datasets/{key}/profile /models /models/{key:path}"),
    ("viewer", "GET", "/jobs/new/command /queue /experiments /experiments/{experiment_id}"),
    ("maintainer", "POST", "/jobs/new/command /jobs/{uid}/restart /experiments /experiments/{experiment_id}"),
    ("maintainer", "POST", "/experiments/{experiment_id}/star"),
    ("viewer", "GET", "/jobs /jobs/new /jobs/new/{step} /jobs/{uid} /runs /runs/{run_id} /compare /system /settings"),
    ("maintainer", "POST", "/datasets /datasets/{key}/delete /models /models/ask /models/remove /jobs/new/{step}"),
    ("maintainer", "POST", "/jobs/selected/archive /jobs/selected/remove /jobs/selected/restore /jobs/selected/stop"),
    ("maintainer", "POST", "/jobs/{uid}/archive /jobs/{uid}/cancel /jobs/{uid}/delete /jobs/{uid}/pause"),
    ("maintainer", "POST", "/jobs/{uid}/restore /jobs/{uid}/resume /jobs/{uid}/start"),
    # Monitor: runs, training, live streams
    ("viewer", "GET", "/api/runs /api/runs/{run_id} /api/runs/{run_id}/artifacts"),
    ("viewer", "GET", "/api/runs/{run_id}/artifacts/{name} /api/runs/{run_id}/events /api/runs/{run_id}/export"),
    ("viewer", "GET", "/api/runs/{run_id}/feed /api/runs/{run_id}/media /api/runs/{run_id}/resources"),
    ("viewer", "GET", "/api/runs/{run_id}/samples /api/runs/{run_id}/series /api/runs/{run_id}/stream"),
    ("viewer", "GET", "/api/runs/{run_id}/writers/{writer}"),
    ("maintainer", "POST", "/api/runs /api/runs/{run_id}/batches"),
    ("maintainer", "PATCH", "/api/runs/{run_id}"),
    ("maintainer", "PUT", "/api/runs/{run_id}/artifacts/{name}"),
    ("viewer", "GET", "/api/training/losses /api/training/losses/current /api/training/mode"),
    ("viewer", "GET", "/api/training/resources /api/training/resources/current /api/training/summary"),
    ("viewer", "GET", "/api/training/status/{job_id}"),
    ("maintainer", "POST", "/api/training/mode/{mode}"),
    ("viewer", "WEBSOCKET", "/ws/live /ws/runs/{run_id} /ws/training/{job_id} /ws/jobs/{uid}/stream"),
    # Monitor: the protocols of other trackers. Their calls by name read as well as write, all by POST.
    ("viewer", "GET", "/config /version /file /artifact_blob/{project}/{digest} /gradio_api/info /gradio_api/info/"),
    ("viewer", "GET", "/call/{api_name}/{event_id} /gradio_api/call/{api_name}/{event_id}"),
    ("viewer", "GET", "/gradio_api/call/{api_name}/{event_id}/ /gradio_api/queue/data /gradio_api/queue/join"),
    ("viewer", "GET", "/tracker/docs/tracker /tracker/docs/tracker/redoc /tracker/openapi.json"),
    *(
        ("maintainer", "POST", f"{prefix}/projects/{{project_name}}/runs{rest}")
        for prefix in ("/api/v1", "/tracker/api/v1")
        for rest in (
            "",
            *(
                f"/{{run_name}}/{word}"
                for word in ("artifacts", "config", "finish", "metrics", "metrics/batch", "summary", "tags")
            ),
        )
    ),
    ("maintainer", "POST", "/gradio_api/queue/data /gradio_api/queue/join /gradio_api/upload /gradio_api/upload/"),
    ("maintainer", "POST", "/gradio_api/call/{api_name} /gradio_api/call/{api_name}/ /call/{api_name}"),
    ("maintainer", "POST", "/api/upload /api/{api_name}"),
)

STREAMS = frozenset({"/api/runs/{run_id}/stream", "/api/jobs/{uid}/stream"})
"""Event streams: like WebSockets, they may be opened with a ticket in the address."""

REMEMBERED_PATHS = 4096


class Rule(NamedTuple):
    """One route: what it takes, and its name in the other tables (`GET /api/jobs/{uid}`)."""

    access: Access
    method: str
    template: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


def rules() -> Iterator[Rule]:
    """One for each route."""
    for access, method, templates in TABLE:
        for template in templates.split():
            yield Rule(access, method, template)


@lru_cache(maxsize=REMEMBERED_PATHS)
def rule_for(method: str, path: str) -> Rule | None:
    """The rule of a request; `WEBSOCKET` is a method here. `None` for a path that the table does not know."""
    known, pattern = _rules_of("GET" if method == "HEAD" else method)
    found = pattern.fullmatch(path)
    return known[int(found.lastgroup.removeprefix("rule_"))] if found and found.lastgroup else None


def is_stream(path: str) -> bool:
    """Whether it is the path of an event stream."""
    rule = rule_for("GET", path)
    return rule is not None and rule.template in STREAMS


@cache
def _rules_of(method: str) -> tuple[list[Rule], re.Pattern[str]]:
    """All of a method, and one expression in which the group that matches has the number of its rule."""
    known = [rule for rule in rules() if rule.method == method]
    expressions = (f"(?P<rule_{number}>{_expression(rule.template)})" for number, rule in enumerate(known))
    return known, re.compile("|".join(expressions) or "(?!)")


def _expression(template: str) -> str:
    parts = re.split(r"(\{[^}]*\})", template)
    return "".join(
        (".+" if part.endswith(":path}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )
