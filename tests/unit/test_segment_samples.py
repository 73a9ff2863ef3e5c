"""Every example of Segment's documentation is read, or refused for a reason stated here; so is anything else."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.events.event import Event, decode_event, encode_event
from shared.events.segment import read_segment
from shared.settings import Settings
from tests.samples import sample
from tests.unit.test_parse import json_values

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOBODY = "invalid; user_id: expected user_id or anonymous_id, found neither"
TOKEN = re.compile(r"'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(\w+)|([{}\[\]:])")


def read(payload: dict[str, Any]) -> Event:
    raw = msgspec.json.encode(payload)
    event = read_segment(msgspec.json.decode(raw), raw, NOW, Settings())
    assert decode_event(encode_event(event)) == event
    return event


def test_every_payload_of_the_spec() -> None:
    refused = {}
    kinds = set()
    for line in sample("payloads/segment_spec_payloads.jsonl").read_text().splitlines():
        row = json.loads(line)
        try:
            kinds.add(read(row["payload"]).kind)
        except PermanentError as error:
            refused[row["source"].rpartition("/")[2]] = str(error)
    # The pages that explain one call show it without the ids that every call needs.
    assert refused == dict.fromkeys(("group.md", "page.md", "screen.md", "track.md"), NOBODY)
    assert kinds >= {"page_view", "identify", "alias", "purchase", "item_view", "video_play", "sign_up", "form_submit"}


def javascript(tokens: list[tuple[str, str, str, str]]) -> Any:
    """The value at the head of the tokens. Commas are no tokens: the documentation forgets some."""
    string, number, word, mark = tokens.pop(0)
    if mark == "{":
        found = {}
        while tokens[0][3] != "}":
            name = tokens.pop(0)
            assert tokens.pop(0)[3] == ":"
            found[name[0] or name[2]] = javascript(tokens)
        tokens.pop(0)
        return found
    if mark == "[":
        values = []
        while tokens[0][3] != "]":
            values.append(javascript(tokens))
        tokens.pop(0)
        return values
    return float(number) if number else {"true": True, "false": False}.get(word, string)


def examples() -> dict[str, dict[str, Any]]:
    text = sample("payloads/segment_ecommerce_v2_examples.txt").read_text()
    calls = re.findall(r"track\('([^']+)',\s*(\{.*?\})\);", text, re.DOTALL)
    assert len(calls) > 20
    return {name: javascript(TOKEN.findall(body)) for name, body in calls}


def test_every_example_of_e_commerce() -> None:
    for name, properties in examples().items():
        event = read({"type": "track", "event": name, "userId": "ann", "properties": properties})
        listed = [product["product_id"] for product in properties.get("products", ())]
        single = [properties["product_id"]] if "product_id" in properties else []
        assert list(event.item_ids) == (listed or single), name
        assert event.properties["event_name"] == name
        told = event.properties.keys() | event.properties.get("products", [{}])[0].keys()
        assert told >= properties.keys() - {"currency", "value", "category", "coupon"} - {"quantity"}, name


@pytest.mark.parametrize(
    ("name", "kind", "value", "quantity", "category"),
    [
        ("Product Viewed", "item_view", 18.99, 1.0, "Games"),
        ("Product Added", "add_to_cart", 18.99, 1.0, "Games"),
        ("Checkout Started", "begin_checkout", 30.0, 1.5, "Games"),
        ("Order Completed", "purchase", 22.5, 1.5, "Games"),
        ("Order Refunded", "custom", 30.0, 1.5, "Games"),
        ("Product List Viewed", "page_view", None, None, "Deals"),
        ("Products Searched", "search", None, None, None),
        ("Cart Shared", "share", None, None, None),
    ],
)
def test_what_the_examples_say(
    name: str, kind: str, value: float | None, quantity: float | None, category: str | None
) -> None:
    event = read({"type": "track", "event": name, "userId": "ann", "properties": examples()[name]})
    assert (event.kind, event.value, event.quantity, event.category) == (kind, value, quantity, category)


NAMES = re.findall(
    r"\w+",
    """type event userId anonymousId previousId groupId messageId timestamp sentAt receivedAt originalTimestamp name
    category context properties traits integrations""",
)
INNER = re.findall(
    r"\w+",
    """products product_id id sku name category price quantity value revenue currency content_asset_ids asset_id tags
    page url referrer device type campaign consent categoryPreferences ip locale dwell_s slot userAgentData mobile""",
)
calls = st.fixed_dictionaries(
    {"type": st.sampled_from(("track", "page", "screen", "identify", "group", "alias")), "userId": st.just("ann")},
    optional={
        "event": st.sampled_from(("Order Completed", "Product Viewed", "Video Playback Started", "Custom")),
        **{
            name: st.dictionaries(st.sampled_from(INNER), json_values, max_size=6)
            for name in ("context", "properties", "traits")
        },
    },
)


@given(call=calls, change=st.dictionaries(st.sampled_from(NAMES), json_values, max_size=4))
def test_anything_is_read_or_refused(call: dict[str, Any], change: dict[str, Any]) -> None:
    with suppress(PermanentError):
        read(call | change)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=20))
def test_any_properties_fit(properties: dict[str, Any]) -> None:
    fillers = {f"filler{n}": "x" * n for n in (100, 3_000, 6_000)}
    flaws: set[str] = set()
    try:
        read({"type": "track", "event": "Custom", "userId": "ann", "properties": properties | fillers})
    except PermanentError as error:
        flaws = {problem.expected for problem in error.problems}
    assert flaws <= {"text without control characters"}
