"""Renders an OpenAPI document as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pegbox.web.reference import try_it

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "h2{margin-top:3rem}"
    "h3{font:600 1rem ui-monospace,monospace;border-top:1px solid #8886;padding-top:1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}"
    "nav ul{columns:18rem;padding-left:1.2rem}nav a{overflow-wrap:anywhere}"
    "input,textarea{font:inherit}textarea{width:100%;box-sizing:border-box}pre{max-height:24rem}pre:empty{display:none}"
    "code,pre{font-family:ui-monospace,monospace}pre{overflow-x:auto;padding:.5rem;border:1px solid #8886}"
)


def _hash(text: str) -> str:
    """The source expression of an inline style or script in the content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = {
    "default-src": "'none'",
    "style-src": _hash(STYLE),
    "script-src": _hash(try_it.SCRIPT),
    "connect-src": "'self'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Response headers of the page."""

REFERENCE = "#/components/schemas/"

Node = dict[str, Any]


def reference_page(document: Node, *, machine_forms: Sequence[str], note: str = "", with_forms: bool = False) -> str:
    """The page: operations by group, then schemas.

    `machine_forms` are the paths of the document as JSON or YAML, `note` is a sentence of plain text. `with_forms` adds forms that
    send requests, with one script for all of them; without it the page has no script.
    """
    return "".join(_page(document, machine_forms, note, with_forms))


def _page(document: Node, machine_forms: Sequence[str], note: str, with_forms: bool) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} API</title>'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f'<link rel="icon" href="data:,"><style>{STYLE}</style><h1>{title} API</h1>'
    yield f"<p>Version {escape(document['info']['version'])}. {escape(note)} For programs: "
    yield ", ".join(f'<a href="{path}">{path.rsplit("/", 1)[-1]}</a>' for path in machine_forms)
    yield ".</p>"
    groups = _groups(document)
    yield "<nav>"
    for group, operations in groups.items():
        yield f"<p><b>{escape(group)}</b></p><ul>"
        for name, _ in operations:
            yield f'<li><a href="#{_anchor(name)}">{escape(name)}</a>'
        yield "</ul>"
    yield "</nav>"
    for group, operations in groups.items():
        yield f"<h2>{escape(group)}</h2>"
        for name, operation in operations:
            yield from _operation(name, operation)
            if with_forms and try_it.can_be_tried(operation):
                yield from try_it.form(name, operation, document["components"]["schemas"])
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="{_schema_anchor(name)}">{escape(name)}</h3>{_description(schema)}'
        yield from _fields(schema)
    if with_forms:
        yield f"<script>{try_it.SCRIPT}</script>"
    yield "</html>"


def _groups(document: Node) -> dict[str, list[tuple[str, Node]]]:
    """All operations with their names, grouped by their first tag."""
    groups: dict[str, list[tuple[str, Node]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            group = groups.setdefault((operation.get("tags") or ["Pages"])[0], [])
            group.append((f"{method.upper()} {path}", operation))
    return groups


def _operation(name: str, operation: Node) -> Iterator[str]:
    yield f'<h3 id="{_anchor(name)}">{escape(name)}</h3>'
    yield _description(operation) or f"<p>{escape(operation.get('summary', ''))}</p>"
    if operation.get("parameters"):
        yield "<table>"
        for parameter in operation["parameters"]:
            schema = parameter.get("schema", {})
            yield f"<tr><th><code>{escape(parameter['name'])}</code><td>{parameter['in']}<td>{_kind(schema)}"
            yield f"<td>{_need(parameter.get('required', False), schema)}<td>{_prose(_about(parameter, schema))}"
        yield "</table>"
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        schema = media.get("schema", {})
        yield f"<p>Body, <code>{escape(kind)}</code>: {_kind(schema)}</p>"
        yield from _fields(schema)
    yield "<p>Answers:</p><table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><th>{escape(status)}<td>{escape(answer.get('description', ''))}<td>"
        yield ", ".join(
            f"<code>{escape(kind)}</code> {_kind(media.get('schema', {}))}"
            for kind, media in answer.get("content", {}).items()
        )
    yield "</table>"


def _fields(schema: Node) -> Iterator[str]:
    properties = schema.get("properties")
    if not properties:
        if "$ref" not in schema and schema.get("type") != "object":
            yield f"<p>{_kind(schema)}</p>"
        return
    required = schema.get("required", [])
    yield "<table>"
    for name, field in properties.items():
        yield f"<tr><th><code>{escape(name)}</code><td>{_kind(field)}<td>{_need(name in required, field)}"
        yield f"<td>{_prose(field.get('description', ''))}"
    yield "</table>"


def _description(node: Node) -> str:
    return "".join(f"<p>{_prose(part)}</p>" for part in node.get("description", "").split("\n\n") if part.strip())


def _prose(text: str) -> str:
    """The text of a docstring, with backquoted parts as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _about(parameter: Node, schema: Node) -> str:
    return str(parameter.get("description") or schema.get("description") or "")


def _need(required: bool, schema: Node) -> str:
    if required:
        return "required"
    default = schema.get("default")
    return "optional" if default is None else f"default <code>{escape(json.dumps(default))}</code>"


def _kind(schema: Node) -> str:
    """`string`, `array of string`, `integer or null`, a link to a schema; as HTML."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(REFERENCE)
        return f'<a href="#{_schema_anchor(name)}">{escape(name)}</a>'
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in choices))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))


def _anchor(name: str) -> str:
    return escape(name.replace(" ", ":"))


def _schema_anchor(name: str) -> str:
    return f"schema:{escape(name)}"
