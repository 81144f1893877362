"""The rules of every route of both services, in one table: required role, rate limit, audit.

A route without a rule is reachable by admins only, and a test reports it. Templates are those of the routes. The first template
that matches a path applies, so fixed words come before parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from starlette.types import Scope

from pegbox.schemas.account import Role

Access = Role | Literal["open"]
"""The lowest role that a route requires; `open` routes (probes, sign-in) require no authentication."""

Rate = Literal["request", "search", "upload", "exempt"]
"""What a request counts as in the rate limits."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The rules of one route. `WEBSOCKET` is a method here.

    `is_stream`: an event stream, which accepts a ticket in `?token=` as WebSockets do. `is_audited=False` is for requests that
    read by `POST` and for frequent requests of workers: the audit log records those only when they are refused.
    """

    access: Access
    method: str
    template: str
    rate: Rate = "request"
    is_stream: bool = False
    is_audited: bool = True

    @property
    def name(self) -> str:
        """For example `GET /api/jobs/{uid}`."""
        return f"{self.method} {self.template}"


def _rules(
    access: Access,
    method: str,
    templates: str,
    *,
    rate: Rate = "request",
    is_stream: bool = False,
    is_audited: bool = True,
) -> Iterator[Rule]:
    for template in templates.split():
        yield Rule(access, method, template, rate, is_stream, is_audited)


def _aspara_paths(*prefixes: str) -> Iterator[str]:
    for prefix in prefixes:
        runs = f"{prefix}/projects/{{project_name}}/runs"
        yield runs
        for part in ("artifacts", "config", "finish", "metrics", "metrics/batch", "summary", "tags"):
            yield f"{runs}/{{run_name}}/{part}"


RULES: tuple[Rule, ...] = (
    # No account needed
    *_rules("open", "GET", "/healthz /readyz /api/health /tracker/api/v1/health /api/v1/health", rate="exempt"),
    *_rules("open", "GET", "/static/app/{file:path} /login /setup", rate="exempt"),
    *_rules("open", "POST", "/login /logout /setup /api/auth/login /api/auth/refresh", rate="exempt"),
    # The caller's own account
    *_rules("viewer", "GET", "/api/auth/me /api/tokens /account"),
    *_rules("viewer", "POST", "/api/auth/logout /api/auth/password /api/tokens"),
    *_rules("viewer", "POST", "/api/auth/ticket", is_audited=False),
    *_rules("viewer", "DELETE", "/api/tokens/{token_id}"),
    *_rules("viewer", "POST", "/account/password /account/tokens /account/tokens/{token_id}/revoke"),
    # Administration
    *_rules("admin", "GET", "/api/users /api/users/{name} /api/audit /users /audit"),
    *_rules("admin", "POST", "/api/users /users /users/{name} /users/{name}/password"),
    *_rules("admin", "PATCH", "/api/users/{name}"),
    *_rules("admin", "DELETE", "/api/users/{name}"),
    # Both services: overview, API reference, metrics
    *_rules("viewer", "GET", "/ /docs /api/docs /openapi.json /openapi.yaml /metrics"),
    # Backend: datasets, models, hyperparameters, workflow
    *_rules("viewer", "GET", "/api/datasets /api/datasets/{uid} /api/datasets/{uid}/file /api/datasets/{uid}/rows"),
    *_rules("viewer", "GET", "/api/datasets/{uid}/versions /api/datasets/{uid}/diff /api/datasets/{uid}/uses"),
    *_rules("viewer", "GET", "/api/dataset-by-uid/{uid}"),
    *_rules("maintainer", "POST", "/api/datasets /api/datasets/{uid}/versions", rate="upload"),
    *_rules("maintainer", "POST", "/api/preview-csv", is_audited=False),
    *_rules("maintainer", "PUT", "/api/datasets/{uid}"),
    *_rules("maintainer", "DELETE", "/api/datasets/{uid}"),
    *_rules("maintainer", "POST", "/api/uploads", rate="upload"),
    *_rules("maintainer", "POST", "/api/uploads/{upload_id}/finish"),
    *_rules("maintainer", "GET", "/api/uploads/{upload_id}/preview"),
    # An upload counts once, when it is created: its chunks are exempt.
    *_rules("maintainer", "GET", "/api/uploads/{upload_id}", rate="exempt"),
    *_rules("maintainer", "PATCH", "/api/uploads/{upload_id}", rate="exempt"),
    *_rules("maintainer", "DELETE", "/api/uploads/{upload_id}"),
    *_rules("viewer", "GET", "/api/models/{model_id:path}/export /api/models/{model_id:path}/card"),
    *_rules("viewer", "GET", "/api/models/{model_id:path}/uses"),
    *_rules("maintainer", "POST", "/api/models/{model_id:path}/tag /api/models/{model_id:path}/untag"),
    *_rules("viewer", "GET", "/api/models/search", rate="search"),
    *_rules("viewer", "GET", "/api/models /api/models/check/{model_id:path} /api/models/{model_id:path}"),
    *_rules("viewer", "GET", "/api/model-by-uid/{uid:path}"),
    *_rules("maintainer", "POST", "/api/models"),
    *_rules("maintainer", "POST", "/api/models/{model_id:path}/ask", is_audited=False),
    *_rules("maintainer", "DELETE", "/api/models/{model_id:path}"),
    *_rules("viewer", "GET", "/api/hyperparameter-config /api/hyperparameter-config/{uid} /api/configurations/best"),
    *_rules("maintainer", "POST", "/api/hyperparameter-config /api/hyperparameter-config/configs"),
    *_rules("viewer", "GET", "/api/metadata /api/job-configuration /api/job-configuration/validate"),
    *_rules("maintainer", "POST", "/api/metadata"),
    # Backend: experiments, jobs, the queue and its workers, the machine
    *_rules("viewer", "GET", "/api/experiments /api/experiments/{experiment_id} /api/experiments/{experiment_id}/best"),
    *_rules("viewer", "GET", "/api/experiments/{experiment_id}/runs"),
    *_rules("viewer", "POST", "/api/experiments/{experiment_id}/compare /api/jobs/compare", is_audited=False),
    *_rules("maintainer", "POST", "/api/experiments"),
    *_rules("maintainer", "PATCH", "/api/experiments/{experiment_id}"),
    *_rules("maintainer", "DELETE", "/api/experiments/{experiment_id}"),
    *_rules("viewer", "GET", "/api/jobs /api/jobs/current /api/jobs/past /api/jobs/statistics /api/jobs/{uid}"),
    *_rules("viewer", "GET", "/api/jobs/{uid}/logs /api/jobs/{uid}/result /api/queue"),
    *_rules("viewer", "GET", "/api/jobs/{uid}/stream", is_stream=True),
    *_rules("maintainer", "POST", "/api/jobs /api/jobs/{uid}/start /api/jobs/{uid}/cancel /api/jobs/{uid}/pause"),
    *_rules("maintainer", "POST", "/api/jobs/{uid}/resume /api/jobs/{uid}/archive /api/jobs/{uid}/restore"),
    *_rules("maintainer", "POST", "/api/jobs/{uid}/clone /api/jobs/{uid}/restart"),
    *_rules("maintainer", "DELETE", "/api/jobs/{uid}"),
    # The server sets the pace of workers: exempt. The audit log records how a job ends, not each claim and heartbeat.
    *_rules("maintainer", "POST", "/api/queue/claim /api/queue/{uid}/heartbeat", rate="exempt", is_audited=False),
    *_rules("maintainer", "POST", "/api/queue/{uid}/report /api/workers/{worker_id}/leave", rate="exempt"),
    *_rules("maintainer", "GET", "/api/queue/{uid}/dataset", rate="exempt"),
    *_rules("viewer", "GET", "/api/workers /api/gpus /api/metrics"),
    # Backend: pages
    *_rules("viewer", "GET", "/datasets/{key}/versions /datasets/{key}/diff"),
    *_rules("maintainer", "POST", "/datasets/{key}/versions /datasets/{key}/rollback /models/stage"),
    *_rules("viewer", "GET", "/datasets /datasets/{key} /datasets/{key}/profile /models /models/{key:path}"),
    *_rules("viewer", "GET", "/jobs/new/command /queue /experiments /experiments/{experiment_id}"),
    *_rules("maintainer", "POST", "/jobs/new/command /jobs/{uid}/restart /experiments /experiments/{experiment_id}"),
    *_rules("maintainer", "POST", "/experiments/{experiment_id}/star"),
    *_rules("viewer", "GET", "/jobs /jobs/new /jobs/new/{step} /jobs/{uid} /runs /runs/{run_id}"),
    *_rules("viewer", "GET", "/compare /system /settings"),
    *_rules("maintainer", "POST", "/datasets", rate="upload"),
    *_rules("maintainer", "POST", "/models/ask", is_audited=False),
    *_rules("maintainer", "POST", "/datasets/{key}/delete /models /models/remove /jobs/new/{step}"),
    *_rules("maintainer", "POST", "/jobs/selected/archive /jobs/selected/remove"),
    *_rules("maintainer", "POST", "/jobs/selected/restore /jobs/selected/stop"),
    *_rules("maintainer", "POST", "/jobs/{uid}/archive /jobs/{uid}/cancel /jobs/{uid}/delete /jobs/{uid}/pause"),
    *_rules("maintainer", "POST", "/jobs/{uid}/restore /jobs/{uid}/resume /jobs/{uid}/start"),
    # Monitor: runs, training, live streams
    *_rules("viewer", "GET", "/api/runs /api/runs/{run_id} /api/runs/{run_id}/artifacts"),
    *_rules("viewer", "GET", "/api/runs/{run_id}/artifacts/{name} /api/runs/{run_id}/events /api/runs/{run_id}/export"),
    *_rules("viewer", "GET", "/api/runs/{run_id}/feed /api/runs/{run_id}/media /api/runs/{run_id}/resources"),
    *_rules("viewer", "GET", "/api/runs/{run_id}/samples /api/runs/{run_id}/series"),
    *_rules("viewer", "GET", "/api/runs/{run_id}/stream", is_stream=True),
    # Training scripts are exempt: a refused request would lose what they recorded. Batches are bounded by their size.
    *_rules("viewer", "GET", "/api/runs/{run_id}/writers/{writer}", rate="exempt"),
    *_rules("maintainer", "POST", "/api/runs /api/runs/{run_id}/batches", rate="exempt"),
    *_rules("maintainer", "PATCH", "/api/runs/{run_id}", rate="exempt"),
    *_rules("maintainer", "PUT", "/api/runs/{run_id}/artifacts/{name}", rate="exempt"),
    *_rules("viewer", "GET", "/api/training/losses /api/training/losses/current /api/training/mode"),
    *_rules("viewer", "GET", "/api/training/resources /api/training/resources/current /api/training/summary"),
    *_rules("viewer", "GET", "/api/training/status/{job_id}"),
    *_rules("maintainer", "POST", "/api/training/mode/{mode}"),
    *_rules("viewer", "WEBSOCKET", "/ws/live /ws/runs/{run_id} /ws/training/{job_id} /ws/jobs/{uid}/stream"),
    # Monitor: the protocols of other trackers. Trackio's named calls are all POST, reads included.
    *_rules("viewer", "GET", "/config /version /file /artifact_blob/{project}/{digest}"),
    *_rules("viewer", "GET", "/gradio_api/info /gradio_api/info/"),
    *_rules("viewer", "GET", "/call/{api_name}/{event_id} /gradio_api/call/{api_name}/{event_id}"),
    *_rules("viewer", "GET", "/gradio_api/call/{api_name}/{event_id}/ /gradio_api/queue/data /gradio_api/queue/join"),
    *_rules("viewer", "GET", "/tracker/docs/tracker /tracker/docs/tracker/redoc /tracker/openapi.json"),
    *_rules("maintainer", "POST", " ".join(_aspara_paths("/api/v1", "/tracker/api/v1")), rate="exempt"),
    *_rules("maintainer", "POST", "/gradio_api/queue/data /gradio_api/queue/join"),
    *_rules("maintainer", "POST", "/gradio_api/upload /gradio_api/upload/"),
    *_rules("maintainer", "POST", "/gradio_api/call/{api_name} /gradio_api/call/{api_name}/ /call/{api_name}"),
    *_rules("maintainer", "POST", "/api/upload /api/{api_name}", rate="exempt"),
)

CACHED_PATHS = 4096

SCOPE_KEY = "pegbox.rule"
"""Key of the request's rule in its ASGI scope; read it with `rule_of`."""


def rule_of(scope: Scope) -> Rule | None:
    """The rule of a request or WebSocket: looked up once, then kept in its scope.

    `None` where no rule applies: unknown paths, and methods that the path does not have.
    """
    if SCOPE_KEY not in scope:
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
        scope[SCOPE_KEY] = find_rule(method, scope["path"])
    rule: Rule | None = scope[SCOPE_KEY]
    return rule


def accepts_ticket(scope: Scope) -> bool:
    """Whether a ticket in `?token=` authenticates the request: WebSockets and event streams."""
    if scope["type"] == "websocket":
        return True
    # With a wrong method, a stream's path still accepts the ticket: the answer is 405, not 401.
    rule = rule_of(scope) or find_rule("GET", scope["path"])
    return rule is not None and rule.is_stream


@lru_cache(maxsize=CACHED_PATHS)
def find_rule(method: str, path: str) -> Rule | None:
    """The first rule that matches; `None` when the table has none. `HEAD` has the rules of `GET`."""
    rules, pattern = _compiled("GET" if method == "HEAD" else method)
    match = pattern.fullmatch(path)
    return rules[int(match.lastgroup.removeprefix("rule_"))] if match and match.lastgroup else None


@cache
def _compiled(method: str) -> tuple[list[Rule], re.Pattern[str]]:
    """The rules of a method, and one expression whose matching group is named after the index of its rule."""
    rules = [rule for rule in RULES if rule.method == method]
    expressions = (f"(?P<rule_{index}>{_expression(rule.template)})" for index, rule in enumerate(rules))
    return rules, re.compile("|".join(expressions) or "(?!)")


def _expression(template: str) -> str:
    parts = re.split(r"(\{[^}]*\})", template)
    return "".join(
        (".+" if part.endswith(":path}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )
