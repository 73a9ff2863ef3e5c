"""Facts of items: what a catalogue or an event states of an item, when, and how it is checked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.errors import PermanentError, Problem
from shared.events.event import Id, Label, Moment, Seconds
from shared.events.parse import CONTROLS, EARLIEST, UNREADABLE, shown, to_problem
from shared.settings import Settings

Link = Annotated[str, Meta(max_length=2048, pattern=r"^https?://\S+\Z")]
Tags = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=50)]
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder", "discontinued"]


class ItemFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Facts of one item, stated together. A fact left out is not stated; null clears what was known of it."""

    item_id: Annotated[Id, Meta(description="the item, as events call it")]
    stated_at: Annotated[Moment, Meta(description="when this held; absent means now")] | None = None
    name: Annotated[Label, Meta(min_length=1, description="what people call it")] | UnsetType | None = UNSET
    category: Annotated[Label, Meta(min_length=1, description="its category")] | UnsetType | None = UNSET
    brand: Annotated[Label, Meta(min_length=1, description="its maker or publisher")] | UnsetType | None = UNSET
    price: Annotated[float, Meta(ge=0, le=1e9, description="price of one, in `currency`")] | UnsetType | None = UNSET
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 code")] | UnsetType | None = UNSET
    url: Annotated[Link, Meta(description="its page: http or https")] | UnsetType | None = UNSET
    image_url: Annotated[Link, Meta(description="its picture: http or https")] | UnsetType | None = UNSET
    tags: Annotated[Tags, Meta(description="words it is found by, up to 50")] | UnsetType | None = UNSET
    published_at: Annotated[Moment, Meta(description="when it came out")] | UnsetType | None = UNSET
    expires_at: Annotated[Moment, Meta(description="from then on it is not recommended")] | UnsetType | None = UNSET
    duration_s: Annotated[Seconds, Meta(description="its length in seconds")] | UnsetType | None = UNSET
    availability: Annotated[Availability, Meta(description="whether it can be had")] | UnsetType | None = UNSET
    hidden: Annotated[bool, Meta(description="true: it is not recommended")] | UnsetType | None = UNSET
    repeatable: (
        Annotated[bool, Meta(description="true: people buy it again, so having bought it does not exclude it")]
        | UnsetType
        | None
    ) = UNSET


FACTS = tuple(name for name in ItemFacts.__struct_fields__ if name not in ("item_id", "stated_at"))
TYPES: dict[str, Any] = get_type_hints(ItemFacts, include_extras=True)

encode_facts = msgspec.json.Encoder().encode
"""ItemFacts → the JSON that the topic and the table carry."""

_decode = msgspec.json.Decoder(ItemFacts).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def parse_facts(raw: bytes | msgspec.Raw, received_at: datetime, settings: Settings) -> ItemFacts:
    """The facts of one item, checked, with `stated_at` set. Raises PermanentError naming every bad field."""
    if (size := len(memoryview(raw))) > settings.max_event_bytes:
        problem = Problem("", f"at most {settings.max_event_bytes:,} bytes", f"{size:,} bytes")
        raise PermanentError("too large", (problem,))
    try:
        facts = _decode(raw)
    except UNREADABLE:
        raise PermanentError("malformed", tuple(_explain(raw, received_at, settings))) from None
    if problems := tuple(_check(facts, received_at, settings)):
        raise PermanentError("invalid", problems)
    return settled(facts, received_at)


def settled(facts: ItemFacts, received_at: datetime) -> ItemFacts:
    """The same facts in the one form that is published: times in UTC, a time of statement, no tags as an empty list.

    A BigQuery subscription takes no null for a repeated column.
    """
    changes: dict[str, Any] = {"stated_at": (facts.stated_at or received_at).astimezone(UTC)}
    changes |= {name: value.astimezone(UTC) for name in FACTS if isinstance(value := getattr(facts, name), datetime)}
    if facts.tags is None:
        changes["tags"] = ()
    return msgspec.structs.replace(facts, **changes)


def _explain(raw: bytes | msgspec.Raw, received_at: datetime, settings: Settings) -> Iterator[Problem]:
    """Every field that keeps `raw` from being ItemFacts; the decoder itself stops at the first."""
    try:
        fields = _fields(raw)
    except UNREADABLE:
        yield Problem("", "a JSON object", shown(bytes(raw)[:60].decode(errors="replace")))
        return
    for name in sorted(fields.keys() - TYPES.keys()):
        yield Problem(shown(name), f"one of {', '.join(TYPES)}", "an unknown field")
    if "item_id" not in fields:
        yield Problem("item_id", "a value", "nothing")
    sound: dict[str, Any] = {"item_id": "-"}
    for name in fields.keys() & TYPES.keys():
        try:
            sound[name] = msgspec.json.decode(fields[name], type=TYPES[name])
        except UNREADABLE as error:
            yield to_problem(name, fields[name], error)
    yield from _check(ItemFacts(**sound), received_at, settings)


def _check(facts: ItemFacts, received_at: datetime, settings: Settings) -> Iterator[Problem]:
    """What types cannot say."""
    latest = received_at + timedelta(minutes=settings.future_tolerance_minutes)
    if facts.stated_at is not None and not EARLIEST <= facts.stated_at <= latest:
        expected = f"a time between {EARLIEST:%Y-%m-%d} and {latest:%Y-%m-%dT%H:%M:%SZ}"
        yield Problem("stated_at", expected, facts.stated_at.isoformat())
    for name in ("item_id", *FACTS):
        yield from flaws(name, getattr(facts, name))


def flaws(name: str, value: object) -> Iterator[Problem]:
    """What is wrong with a fact of the right type."""
    # Far from either end of the calendar, so that every zone has it.
    if isinstance(value, datetime) and not 1000 <= value.year <= 9000:
        yield Problem(name, "a time between the years 1000 and 9000", value.isoformat())
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and CONTROLS.search(text):
            yield Problem(name, "text without control characters", shown(text))
