"""Counts requests and measures the time until their responses start, by method, route and status."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pegbox.web.metrics.exposition import Family, Sample, number

ROUTE = "pegbox.route"
"""Scope key of the route's template, for middleware that responds without the router."""

UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram in seconds, the defaults of Prometheus' clients."""


@dataclass(slots=True)
class _Latency:
    """Responses per bucket (the last bucket has no upper bound), and the sum of their seconds."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestCounts:
    """Written by the event loop only, read by any thread. Labels are bounded: routes, known methods, HTTP statuses."""

    def __init__(self) -> None:
        self.in_progress = 0
        self._latencies: dict[tuple[str, str, int], _Latency] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a response that started this many seconds after its request."""
        key = (method if method in METHODS else "other", route, status)
        latency = self._latencies.get(key)
        if latency is None:
            latency = self._latencies[key] = _Latency()
        latency.buckets[bisect_left(BOUNDS, seconds)] += 1
        latency.seconds += seconds

    def families(self) -> tuple[Family, ...]:
        """The counts as Prometheus families."""
        total: list[Sample] = []
        histogram: list[Sample] = []
        for (method, route, status), latency in sorted(self._latencies.copy().items(), key=itemgetter(0)):
            labels = {"method": method, "route": route, "status": str(status)}
            rising = list(accumulate(latency.buckets))
            for bound, count in zip((*BOUNDS, float("inf")), rising, strict=True):
                histogram.append(Sample(count, {**labels, "le": number(bound)}, "_bucket"))
            histogram.append(Sample(latency.seconds, labels, "_sum"))
            histogram.append(Sample(rising[-1], labels, "_count"))
            total.append(Sample(rising[-1], labels))
        return (
            Family("pegbox_http_requests_total", "counter", "Requests answered.", tuple(total)),
            Family(
                "pegbox_http_request_duration_seconds",
                "histogram",
                "Time until the answer began; streams go on after that.",
                tuple(histogram),
            ),
            Family(
                "pegbox_http_requests_in_progress",
                "gauge",
                "Requests being answered, open streams included.",
                (Sample(self.in_progress),),
            ),
        )


class RequestMeter:
    """The outermost ASGI middleware, so that it counts every response."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self.app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        is_answered = False

        def observe(status: int) -> None:
            nonlocal is_answered
            is_answered = True
            self._counts.observe(scope["method"], _template(scope), status, time.perf_counter() - started)

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                observe(message["status"])
            await send(message)

        self._counts.in_progress += 1
        try:
            await self.app(scope, receive, send_and_count)
        except Exception:
            if not is_answered:  # the framework sends the response, outside all middleware
                observe(500)
            raise
        finally:
            self._counts.in_progress -= 1


def _template(scope: Scope) -> str:
    """The template, for example `/api/jobs/{uid}`, never the path: callers choose paths, and each would become a series."""
    route: Any = scope.get("route")
    template: str | None = scope.get(ROUTE) or getattr(route, "path", None)
    if template is None:
        # A mounted application (static files) counts as one route; Starlette appends its path to `root_path`.
        mounted: str = scope.get("root_path", "")[len(scope["app_root_path"]) :] if "app_root_path" in scope else ""
        return mounted or UNMATCHED
    # The template of a router included under a prefix lacks the prefix, which is the start of the path.
    missing = scope["path"].count("/") - template.count("/")
    if missing > 0 and ":path}" not in template:
        return "/".join(scope["path"].split("/")[: missing + 1]) + template
    return template
