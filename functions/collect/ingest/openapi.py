"""GET /v1/openapi.json: what collect takes and answers, made from the types that check it."""

from functools import cache
from typing import Any

import msgspec

from ingest.call import Call
from shared import http
from shared.events.event import Event
from shared.models.facts import ItemFacts

Json = dict[str, Any]

ERROR: Json = {
    "type": "object",
    "required": ["error", "problems"],
    "properties": {
        "error": {"type": "string"},
        "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
    },
}
PROBLEM: Json = {
    "type": "object",
    "required": ["field", "expected", "found"],
    "properties": {name: {"type": "string"} for name in ("field", "expected", "found")},
}
TAKEN: Json = {
    "type": "object",
    "required": ["accepted", "refused", "errors"],
    "properties": {
        "accepted": {"type": "integer", "minimum": 0},
        "refused": {"type": "integer", "minimum": 0},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Refusal"}},
    },
}
REFUSAL: Json = {
    "type": "object",
    "required": ["index", "problems"],
    "properties": {
        "index": {"type": "integer", "minimum": 0},
        "event_id": {"type": ["string", "null"]},
        "item_id": {"type": ["string", "null"]},
        "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
    },
}
SEGMENT_CALL: Json = {
    "type": "object",
    "description": "a call of Segment's tracking API",
    "required": ["userId"],
    "properties": {
        "type": {"enum": ["track", "identify", "page", "screen", "group", "alias"]},
        "userId": {"type": "string", "pattern": "^[a-z]{1,3}[1-9]{1,20}$"},
        "event": {"type": "string", "minLength": 1, "maxLength": 100},
        "messageId": {"type": "string", "pattern": "^[a-z0-9-]{1,100}$"},
        "previousId": {"type": "string", "pattern": "^[a-z]{1,3}[1-9]{1,20}$"},
        "groupId": {"type": "string", "pattern": "^[a-z0-9]{1,20}$"},
        "properties": {"type": "object"},
    },
}
SEGMENT_BATCH: Json = {
    "type": "object",
    "required": ["batch"],
    "properties": {"batch": {"type": "array", "items": SEGMENT_CALL, "minItems": 1, "maxItems": 2_500}},
}
SUCCESS: Json = {"type": "object", "required": ["success"], "properties": {"success": {"type": "boolean"}}}
COMMON: Json = {
    "401": {"description": "the write key is not known"},
    "413": {"description": "too large"},
    "415": {"description": "not JSON"},
    "429": {"description": "too many requests; see Retry-After"},
    "503": {"description": "temporarily unavailable; see Retry-After"},
}


async def serve(_: Call) -> http.Reply:
    """The document."""
    return http.Reply(200, _encoded(), http.JSON)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def document() -> Json:
    """OpenAPI 3.1."""
    [event, item], schemas = msgspec.json.schema_components(
        [Event, ItemFacts], ref_template="#/components/schemas/{name}"
    )
    segment = dict.fromkeys(("track", "identify", "page", "screen", "group", "alias"), SEGMENT_CALL)
    segment |= dict.fromkeys(("batch", "import"), SEGMENT_BATCH)
    paths: Json = {
        "/v1/events": {"post": _takes("Take canonical events", _one_or_many(event))},
        "/v1/items": {"put": _takes("Take facts about items", _one_or_many(item))},
        **{f"/v1/{name}": {"post": _segment(f"Segment's {name}", schema)} for name, schema in segment.items()},
        "/v1/ingest/stats": {"get": {"summary": "What has been taken and refused", "responses": _answers(200)}},
        "/healthz": {"get": {"summary": "Whether the instance serves", "responses": _answers(200)}},
        "/readyz": {"get": {"summary": "Whether what it needs is there", "responses": _answers(200)}},
    }
    components = {"schemas": {**schemas, "Problem": PROBLEM, "Error": ERROR, "Taken": TAKEN, "Refusal": REFUSAL}}
    info = {"title": "Attune collect", "version": "1", "description": "Takes what people did."}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _one_or_many(schema: Json) -> Json:
    return {"oneOf": [schema, {"type": "array", "items": schema}]}


def _takes(summary: str, schema: Json) -> Json:
    taken = {"application/json": {"schema": {"$ref": "#/components/schemas/Taken"}}}
    refused = {"anyOf": [{"$ref": "#/components/schemas/Taken"}, {"$ref": "#/components/schemas/Error"}]}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "202": {"description": "all taken", "content": taken},
            "400": {"description": "some or all refused", "content": {"application/json": {"schema": refused}}},
            **COMMON,
        },
    }


def _segment(summary: str, schema: Json) -> Json:
    content = {"application/json": {"schema": schema}, "text/plain": {"schema": {"type": "string"}}}
    answer = {"application/json": {"schema": SUCCESS}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "taken", "content": answer},
            "400": {"description": "can never be taken", "content": answer},
            **COMMON,
        },
    }


def _answers(*statuses: int) -> Json:
    return {str(status): {"description": "answered", "content": {"application/json": {}}} for status in statuses} | {
        "401": COMMON["401"],
        "503": COMMON["503"],
    }
