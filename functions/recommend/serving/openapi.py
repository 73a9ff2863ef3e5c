"""GET /v1/recommendations/openapi.json: what recommend takes and answers, made from the types that check it."""

from functools import cache
from typing import Any

import msgspec

from serving.tokens import Token, Wanted
from serving.told import People, Recommendations, Why
from shared import http
from shared.ranking.request import FILTER_LISTS, FILTERS, LISTS, Ask, Batch

Json = dict[str, Any]

ERROR: Json = {
    "type": "object",
    "required": ["error", "problems"],
    "properties": {
        "error": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "expected", "found"],
                "properties": {name: {"type": "string"} for name in ("field", "expected", "found")},
            },
        },
    },
}
REFUSED = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
COMMON: Json = {
    "400": {"description": "what was asked is not understood", **REFUSED},
    "401": {"description": "neither a key nor a token that is known", **REFUSED},
    "403": {"description": "the token is another person's", **REFUSED},
    "429": {"description": "too many requests; see Retry-After", **REFUSED},
}
TOO_LARGE: Json = {"413": {"description": "too large", **REFUSED}}
KEYS: Json = {"bearer": {"type": "http", "scheme": "bearer", "description": "a server's key, or a page's token"}}


def serve() -> http.Reply:
    """The document."""
    return http.Reply(200, _encoded(), http.JSON)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def document() -> Json:
    """OpenAPI 3.1."""
    types = [Ask, Batch, Wanted, Token, Recommendations, People, Why]
    parts, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    ask, batch, wanted, token, answer, people, reasons = parts
    query = [_parameter(name, schemas) for name in (*schemas["Ask"]["properties"], *FILTERS) if name not in NESTED]
    why = [{"name": "item_id", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}, *query]
    paths: Json = {
        "/v1/recommendations": {
            "get": _operation("Recommendations for one person", answer, parameters=query),
            "post": _operation("The same, asked as JSON", answer, ask),
        },
        "/v1/recommendations/batch": {"post": _operation("For up to 100 people", people, batch)},
        "/v1/recommendations/why": {"get": _operation("What became of one item", reasons, parameters=why)},
        "/v1/tokens": {"post": _operation("A token for one person's page", token, wanted)},
        "/healthz": {
            "get": {"summary": "Whether the instance serves", "responses": {"200": {"description": "it does"}}}
        },
        "/readyz": {
            "get": {
                "summary": "Whether what it needs is there",
                "responses": {"200": {"description": "it is"}, "503": {"description": "it is not, and which"}},
            }
        },
    }
    paths["/v1/tokens"]["post"]["responses"]["409"] = {"description": "no tokens are signed here", **REFUSED}
    info = {"title": "Attune recommend", "version": "1", "description": "Content chosen for one person."}
    components = {"schemas": {**schemas, "Error": ERROR}, "securitySchemes": KEYS}
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": components,
        "security": [{"bearer": []}, {}],
    }


NESTED = ("filter", "slots")
"""Said in JSON only; the filter's fields are parameters of their own."""


def _parameter(name: str, schemas: Json) -> Json:
    found = schemas["Ask"]["properties"].get(name) or schemas["Filter"]["properties"][name]
    schema = {key: value for key, value in found.items() if key != "default"}
    if name in LISTS or name in FILTER_LISTS:
        schema = {"type": "array", "items": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,50}$"}, "maxItems": 5}
        return {"name": name, "in": "query", "schema": schema, "style": "form", "explode": False}
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    return {"name": name, "in": "query", "schema": schema}


def _operation(summary: str, answer: Json, body: Json | None = None, parameters: list[Json] | None = None) -> Json:
    content = {"application/json": {"schema": answer}}
    operation: Json = {"summary": summary, "responses": {"200": {"description": "found", "content": content}, **COMMON}}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        operation["responses"].update(TOO_LARGE)
    if parameters is not None:
        operation["parameters"] = parameters
    return operation
