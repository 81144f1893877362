"""Forms that send requests from the API reference: one per operation, with one script for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

JSON = "application/json"
EMPTY = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}

# Reads the response in chunks up to a limit: some responses are endless streams.
SCRIPT = """
addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, shown = form.querySelector("pre"), query = new URLSearchParams();
  let path = form.dataset.path;
  const headers = {};
  for (const field of form.querySelectorAll("input")) {
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.value !== "" && field.dataset.in === "query") query.append(field.name, field.value);
    else if (field.value !== "") headers[field.name] = field.value;
  }
  const body = form.querySelector("textarea");
  if (body) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  form.addEventListener("submit", () => stop.abort(), { once: true });
  shown.textContent = "…";
  try {
    const url = String(query) ? `${path}?${query}` : path;
    const options = { method: form.dataset.method, headers, body: body?.value, signal: stop.signal };
    const answer = await fetch(url, options);
    shown.textContent = `${answer.status} ${answer.statusText}\\n\\n`;
    const text = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await text?.read(); part && !part.done && shown.textContent.length < 1e5; part = await text.read())
      shown.textContent += part.value;
    if (text) await text.cancel();
  } catch (error) {
    if (!stop.signal.aborted) shown.textContent = String(error);
  }
});
"""

Node = dict[str, Any]


def can_be_tried(operation: Node) -> bool:
    """Whether a form can send the operation: it has no body or a JSON body."""
    return JSON in operation.get("requestBody", {"content": {JSON: {}}})["content"]


def form(name: str, operation: Node, schemas: Node) -> Iterator[str]:
    """The form of an operation named `GET /path`."""
    method, _, path = name.partition(" ")
    yield f'<details><summary>Try it</summary><form data-method="{method}" data-path="{escape(path)}">'
    for parameter in operation.get("parameters", []):
        needed = " required" if parameter.get("required") else ""
        yield f"<p><label>{escape(parameter['name'])} "
        yield f'<input name="{escape(parameter["name"])}" data-in="{parameter["in"]}"{needed}></label>'
    if "requestBody" in operation:
        yield f"<p><label>Body<br><textarea rows=8>{escape(_template(operation, schemas))}</textarea></label>"
    yield "<p><button>Send</button><pre></pre></form></details>"


def _template(operation: Node, schemas: Node) -> str:
    """The initial body: the required fields, each with the empty value of its type."""
    schema = operation["requestBody"]["content"][JSON].get("schema", {})
    schema = schemas.get(str(schema.get("$ref", "")).rsplit("/", 1)[-1], schema)
    fields = schema.get("properties", {})
    body = {name: EMPTY.get(fields.get(name, {}).get("type")) for name in schema.get("required", [])}
    return json.dumps(body, indent=2)
