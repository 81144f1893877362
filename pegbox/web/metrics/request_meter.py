"""Counts requests and how long their answers took to begin, by method, route and status."""

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
"""Key of a scope for whoever answers without the router: the route's template."""

UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram, in seconds; those of Prometheus' own clients."""


@dataclass(slots=True)
class _Latency:
    """Answers per bucket, the last one for all that took longer, and their seconds together."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestCounts:
    """Written by the event loop alone, read by any thread. Labels are bounded: routes, known methods, statuses of HTTP."""

    def __init__(self) -> None:
        self.in_progress = 0
        self._latencies: dict[tuple[str, str, int], _Latency] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer that began so many seconds after its request."""
        key = (method if method in METHODS else "other", route, status)
        latency = self._latencies.get(key)
        if latency is None:
            latency = self._latencies[key] = _Latency()
        latency.buckets[bisect_left(BOUNDS, seconds)] += 1
        latency.seconds += seconds

    def families(self) -> tuple[Family, ...]:
        """The counts so far."""
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
    """Plain ASGI, outside of everything else, so that it sees every answer."""

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
            if not is_answered:  # the framework answers for it, outside of all middleware
                observe(500)
            raise
        finally:
            self._counts.in_progress -= 1


def _template(scope: Scope) -> str:
    """`/api/jobs/{uid}`, never the path that was asked for: strangers choose those, and each would be a series for ever."""
    route: Any = scope.get("route")
    template: str | None = scope.get(ROUTE) or getattr(route, "path", None)
    if template is None:
        # A mounted application (static files) is one route; Starlette has moved its path to the end of `root_path`.
        mounted: str = scope.get("root_path", "")[len(scope["app_root_path"]) :] if "app_root_path" in scope else ""
        return mounted or UNMATCHED
    # A router included under a prefix knows only its own part; what it lacks is the fixed beginning of the path.
    missing = scope["path"].count("/") - template.count("/")
    if missing > 0 and ":path}" not in template:
        return "/".join(scope["path"].split("/")[: missing + 1]) + template
    return template
