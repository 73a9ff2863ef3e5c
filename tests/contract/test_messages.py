"""Our tables of messages against the descriptors of Google's own libraries: what we write, they read, and back."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.firestore_v1.types import common, document, firestore, write
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.pubsub_v1.types import pubsub
from google.rpc.status_pb2 import Status

from shared.stores.gcp import firestore_rpc, topics
from shared.stores.gcp.codec import decode, encode
from shared.stores.gcp.messages import Fields, message_classes

FIRESTORE = (common, document, firestore, write)


def theirs() -> Iterator[tuple[str, Any, Any]]:
    """Each message's name, its class here, and the library's."""
    made = message_classes("again.firestore", firestore_rpc.MESSAGES)
    for name in firestore_rpc.MESSAGES:
        found = [getattr(module, name).pb() for module in FIRESTORE if hasattr(module, name)]
        yield name, made[name], found[0] if found else Status
    made = message_classes("again.pubsub", topics.MESSAGES)
    for name in topics.MESSAGES:
        yield name, made[name], getattr(pubsub, name).pb()


@pytest.mark.parametrize(("ours", "library"), [pytest.param(*both, id=name) for name, *both in theirs()])
def test_fields_are_those_of_the_api(ours: Any, library: Any) -> None:
    published = library.DESCRIPTOR.fields_by_name
    for field in ours.DESCRIPTOR.fields:
        assert field.name in published
        assert described(field) == described(published[field.name])


def described(field: FieldDescriptor) -> tuple[Any, ...]:
    """What decides how a field stands on the wire, and whether it shares a place with others."""
    kind = FieldDescriptor.TYPE_INT32 if field.type == FieldDescriptor.TYPE_ENUM else field.type
    return field.number, kind, field.is_repeated, entry(field.message_type), field.containing_oneof is not None


def entry(message: Descriptor | None) -> Any:
    """The name of a message; of a map its types."""
    if message is None or not message.GetOptions().map_entry:
        return message and message.name
    return [(field.type, entry(field.message_type)) for field in message.fields]


EVERYTHING: Mapping[str, Any] = {
    "none": None,
    "true": True,
    "whole": -7,
    "broken": 0.1,
    "text": "ä",
    "bytes": b"\x00\xff",
    "time": datetime(2026, 11, 23, 4, 5, 6, 789_000, UTC),
    "list": [1, [], {}],
    "map": {"": {"__x__": "y"}},
}


def test_the_library_reads_what_we_write_and_back() -> None:
    ours = firestore_rpc.Document(name="n")
    encode(EVERYTHING, ours)
    read = document.Document.pb().FromString(ours.SerializeToString())
    assert {name: value.WhichOneof("value_type") for name, value in read.fields.items()} == {
        "none": "null_value",
        "true": "boolean_value",
        "whole": "integer_value",
        "broken": "double_value",
        "text": "string_value",
        "bytes": "bytes_value",
        "time": "timestamp_value",
        "list": "array_value",
        "map": "map_value",
    }
    assert decode(firestore_rpc.Document.FromString(read.SerializeToString())) == EVERYTHING


def test_what_we_have_no_name_for_is_passed_over() -> None:
    theirs = document.Document.pb()(name="n")
    theirs.fields["place"].geo_point_value.latitude = 1.0
    theirs.create_time.seconds = 1
    assert decode(firestore_rpc.Document.FromString(theirs.SerializeToString())) == {"place": None}


@pytest.mark.parametrize("layout", [{"a": (1, "Nothing")}, {"a": (1, "int32"), "b": (1, "int32")}])
def test_a_table_that_makes_no_sense_is_refused(layout: Fields) -> None:
    messages: Mapping[str, Fields] = {"M": layout}
    with pytest.raises((TypeError, ValueError, KeyError)):
        message_classes("again.nonsense", messages)
