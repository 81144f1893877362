"""Checks of the `Host` and `Origin` headers."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from pegbox.settings import Settings

LOCAL_NAMES = frozenset({"localhost", "testserver"})
HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/?#@\s]+))(?::\d{1,5})?")


def host_is_ours(host: str, settings: Settings) -> bool:
    """Whether a `Host` header names this service. Other names may come from DNS rebinding."""
    name = host_name(host)
    if name in LOCAL_NAMES or name in settings.allowed_hosts or name == settings.host:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # DNS rebinding needs a name. A service on loopback accepts loopback addresses only, any other accepts each address.
    return address.is_loopback or not settings.is_loopback


def origin_is_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether the origin has the host name of the request and a port of Pegbox, or is in `allowed_origins`."""
    if origin in settings.allowed_origins:
        return True
    try:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    # The dashboard on one port sends requests to the monitor on the other.
    same_name = parts.hostname == host_name(host) or (_is_local(parts.hostname) and is_local_host(host))
    return same_name and port in (settings.port, settings.monitor_port, _port(host, parts.scheme))


def allowed_origin_pattern(settings: Settings) -> str:
    """The CORS pattern: the dashboard's origin under each loopback and allowed host name, and the allowed origins."""
    hosts = "|".join(("localhost", r"127\.0\.0\.1", r"\[::1\]", *(_escape(name) for name in settings.allowed_hosts)))
    own = rf"https?://(?:{hosts}):(?:{settings.port}|{settings.monitor_port})"
    return "|".join((own, *(_escape(origin) for origin in settings.allowed_origins)))


def _escape(value: str) -> str:
    return "".join(f"\\{char}" if char in r".^$*+?{}[]\|()" else char for char in value)


def _is_local(name: str) -> bool:
    if name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_address(address: str) -> bool:
    """Whether a client's address is a loopback address, or that of Starlette's test client."""
    return address == "testclient" or _is_local(address)


def is_local_host(host: str) -> bool:
    """Whether a `Host` header has a loopback name or address."""
    return _is_local(host_name(host))


def host_name(host: str) -> str:
    """The name or address in a `Host` header, without its port; empty for an invalid header."""
    match = HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else ""


def _port(host: str, scheme: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port or (443 if scheme == "https" else 80)
    except ValueError:
        return None
