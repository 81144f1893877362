"""Gradio's self-description: the configuration, and the list of functions with their parameters."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from monitor.dialects.functions import Function, Parameter, Registry

GRADIO_VERSION = "5.0.0"
"""Reported to clients, which fetch the schema from the server for versions above 3.36."""

PREFIX = "/gradio_api"
PROTOCOL = "sse"
"""One stream per call: with later protocols, which share a stream, clients lose results of concurrent calls."""

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def config(registry: Registry) -> dict[str, Any]:
    """Returns the body of `/config` with the fields that clients read. A function's number is its index."""
    components: list[dict[str, Any]] = []

    def component() -> int:
        components.append({"id": len(components), "type": "api"})
        return len(components) - 1

    dependencies = [
        {
            "id": number,
            "api_name": function.name,
            "inputs": [component() for _ in function.parameters],
            "outputs": [component()],
        }
        for number, function in enumerate(registry.functions)
    ]
    return {
        "version": GRADIO_VERSION,
        "protocol": PROTOCOL,
        "api_prefix": PREFIX,
        "connect_heartbeat": False,
        "components": components,
        "dependencies": dependencies,
    }


def info(registry: Registry) -> dict[str, Any]:
    """Returns the body of `/gradio_api/info`."""
    named = {f"/{function.name}": _endpoint(function) for function in registry.functions}
    return {"named_endpoints": named, "unnamed_endpoints": {}}


def _endpoint(function: Function) -> dict[str, Any]:
    schema, python = json_type(function.returns)
    return {
        "parameters": [_parameter(parameter) for parameter in function.parameters],
        "returns": [{"label": "result", "type": schema, "python_type": _python(python), "component": "Api"}],
        "api_visibility": "public",
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema, python = json_type(parameter.type)
    return {
        "label": parameter.name,
        "parameter_name": parameter.name,
        "parameter_has_default": not parameter.is_required,
        "parameter_default": None if parameter.is_required else parameter.default,
        "type": schema,
        "python_type": _python(python),
        "component": "Textbox" if python == "str" else "Api",
        "example_input": None,
    }


def _python(name: str) -> dict[str, str]:
    return {"type": name, "description": ""}


def json_type(hint: Any) -> tuple[dict[str, Any], str]:
    """Returns the JSON schema and the Python name of a type. Unions ignore None and `msgspec.Raw`."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        rest = [item for item in inner if item not in (type(None), msgspec.Raw)]
        if len(rest) == 1:
            return json_type(rest[0])
        found = [json_type(item) for item in rest]
        return {"anyOf": [schema for schema, _ in found]}, " | ".join(name for _, name in found)
    if origin is Literal:
        return {"type": "string", "enum": list(inner)}, "str"
    if origin is list or hint is list:
        schema, python = json_type(inner[0]) if inner else ({}, "Any")
        return {"type": "array", "items": schema}, f"list[{python}]"
    if hint in JSON_TYPES:
        return {"type": JSON_TYPES[hint]}, hint.__name__
    if origin is dict or (isinstance(hint, type) and issubclass(hint, dict | msgspec.Struct)):
        return {"type": "object"}, "dict"
    return {}, "Any"
