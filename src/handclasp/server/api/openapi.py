"""The OpenAPI 3.1 document, made from the routes and the types of their bodies."""

import re
from typing import Any

import msgspec

from handclasp import __version__
from handclasp.server.api.routes import BASE, ROUTES, Route

_FAILURES = {
    "400": "the request is broken",
    "401": "no client certificate of this CA",
    "403": "the role may not",
    "404": "there is no such thing",
    "409": "refused by policy",
    "503": "the registry, a key or nginx failed",
}
_FAILURES_OF_BODIES = {
    "408": "the body came too slowly",
    "413": "the body is too large",
    "415": "the body is no application/json",
    "422": "the Idempotency-Key stood for another request",
}


def document() -> dict[str, Any]:
    """The whole document."""
    types = [kind for route in ROUTES for kind in (route.takes, route.gives) if kind is not None]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = _operation(route)
    paths[f"{BASE}/openapi.json"] = {
        "get": {
            "operationId": "describe",
            "summary": "This document",
            "responses": {"200": {"description": "OpenAPI", "content": {"application/json": {"schema": {"type": "object"}}}}},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Handclasp", "version": __version__},
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "securitySchemes": {"certificate": {"type": "mutualTLS"}},
        },
        "security": [{"certificate": []}],
        "paths": paths,
    }


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def _operation(route: Route) -> dict[str, Any]:
    failures = _FAILURES | (_FAILURES_OF_BODIES if route.takes else {})
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, Any] = {code: {"description": what, "content": problem} for code, what in failures.items()}
    if route.gives is None:
        content: dict[str, Any] = {"application/x-pem-file": {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{route.gives.__name__}"}}}
    responses[str(route.status)] = {"description": route.summary, "content": content}
    operation: dict[str, Any] = {
        "operationId": route.job.__name__,
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": responses,
    }
    if route.takes is not None:
        schema = {"$ref": f"#/components/schemas/{route.takes.__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    def one(name: str, place: str, *, required: bool) -> dict[str, Any]:
        return {"name": name, "in": place, "required": required, "schema": {"type": "string"}}

    found = [one(name, "path", required=True) for name in re.findall(r"\{(\w+)\}", route.path)]
    found += [one(name, "query", required=False) for name in route.query]
    if route.method == "POST":
        found.append(one("Idempotency-Key", "header", required=False))
    return found
