"""The Python client's types are those of the served OpenAPI documents: no field more, none less, each of its type."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, Required, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import pytest

import attune_client
from infra.local.embedded import load
from infra.local.layout import FUNCTIONS

Json = dict[str, Any]

REQUESTS = {
    "Ask": attune_client.Ask,
    "Filter": attune_client.Filter,
    "Slot": attune_client.Slot,
    "Person": attune_client.Person,
    "Event": attune_client.Event,
    "Context": attune_client.Context,
}
ANSWERS = {
    "Recommendations": attune_client.Recommendations,
    "Recommendation": attune_client.Recommendation,
    "Propensity": attune_client.Propensity,
    "SlotItems": attune_client.SlotItems,
    "Step": attune_client.Step,
    "Why": attune_client.Why,
    "Stage": attune_client.Stage,
    "Token": attune_client.Token,
    "Taken": attune_client.Taken,
    "Refusal": attune_client.Refusal,
    "Problem": attune_client.Problem,
}
SET_BY_THE_CLIENT = {"Event": {"event_id", "occurred_at"}}
"""Required of whoever asks; the client sees to it."""

NAMES: Mapping[object, str] = {str: "str", int: "int", float: "float", bool: "bool", datetime: "time", Any: "any"}
JSON = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "null"}


@pytest.fixture
async def schemas() -> Json:
    """What both functions serve."""
    found: Json = {}
    for name, path in (("collect", "/v1/openapi.json"), ("recommend", "/v1/recommendations/openapi.json")):
        app = load(next(function for function in FUNCTIONS if function.name == name))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://attune.test") as client:
            found |= (await client.get(path)).json()["components"]["schemas"]
    return found


def documented(schema: Json) -> str:
    """A schema in the words of `typed`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return "|".join(sorted({documented(one) for one in schema["anyOf"]}))
    if "enum" in schema:
        return "str"
    if isinstance(schema.get("type"), list):
        return "|".join(sorted(JSON[one] for one in schema["type"]))
    if schema.get("type") == "array":
        return f"[{documented(schema['items'])}]"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"{{{documented(inner) if isinstance(inner, dict) and inner else 'any'}}}"
    if schema.get("format") == "date-time":
        return "time"
    return JSON[schema["type"]] if "type" in schema else "any"


def typed(hint: Any) -> str:
    """A type of the client."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Required:
        return typed(arguments[0])
    if origin in (UnionType, Union):
        return "|".join(sorted("null" if one is NoneType else typed(one) for one in arguments))
    if origin is Literal:
        return "str"
    if origin in (list, Sequence):
        return f"[{typed(arguments[0])}]"
    if origin in (dict, Mapping):
        return f"{{{typed(arguments[1])}}}"
    return hint.__name__ if is_dataclass(hint) or is_typeddict(hint) else NAMES[hint]


async def test_requests_are_those_documented(schemas: Json) -> None:
    for name, kind in REQUESTS.items():
        properties = schemas[name]["properties"]
        hints = get_type_hints(kind, include_extras=True)
        assert {one: typed(hint) for one, hint in hints.items()} == {
            one: documented(schema) for one, schema in properties.items()
        }, name
        required = set(schemas[name].get("required", ())) - SET_BY_THE_CLIENT.get(name, set())
        assert kind.__required_keys__ == required, name  # type: ignore[attr-defined]


async def test_contexts_are_those_documented(schemas: Json) -> None:
    assert set(get_args(get_type_hints(attune_client.Ask)["context"])) == set(
        schemas["Ask"]["properties"]["context"]["enum"]
    )


async def test_a_batch_asks_for_people_what_one_asks_for_oneself(schemas: Json) -> None:
    wish, person = (set(get_type_hints(kind)) for kind in (attune_client.Wish, attune_client.Person))
    assert set(schemas["Batch"]["properties"]) == wish | {"people"}
    assert set(schemas["Wanted"]["properties"]) == person | {"seconds"}
    assert set(schemas["Ask"]["properties"]) == wish | person


async def test_answers_are_those_documented(schemas: Json) -> None:
    for name, kind in ANSWERS.items():
        properties, required = schemas[name]["properties"], set(schemas[name].get("required", ()))
        hints = get_type_hints(kind)
        assert set(hints) == set(properties), name
        for one, hint in hints.items():
            said = documented(properties[one])
            may_be_absent = one not in required and not said.startswith("[") and "null" not in said
            assert typed(hint) == ("|".join(sorted((said, "null"))) if may_be_absent else said), f"{name}.{one}"


async def test_whatever_is_documented_the_client_has(schemas: Json) -> None:
    segment_s = {"Error", "ItemFacts", "People", "Batch", "Wanted"}
    """An error becomes an exception; facts of items are the catalogue's, not the client's."""
    assert set(schemas) - segment_s == REQUESTS.keys() | ANSWERS.keys()


def test_a_type_that_differs_is_noticed() -> None:
    class Changed(TypedDict):
        n: str

    assert typed(get_type_hints(Changed)["n"]) != documented({"type": "integer"})
    assert documented({"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "number"}}]}) == typed(
        Sequence[float] | None
    )
