"""The canonical Event: one record of what a person did, whoever forwarded it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shared.events.kinds import Kind

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Label = Annotated[str, Meta(max_length=256)]
Url = Annotated[str, Meta(max_length=2048)]
Amount = Annotated[float, Meta(ge=-1e9, le=1e9)]
Seconds = Annotated[float, Meta(ge=0, le=1e8)]
Moment = Annotated[datetime, Meta(tz=True)]
Sources = Annotated[str, Meta(pattern="^[a-z0-9_]{1,32}$")]


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where and how it happened."""

    page_url: Url | None = None
    referrer: Url | None = None
    device_type: Label | None = None
    session_id: Label | None = None
    session_duration_s: Seconds | None = None
    campaign: Label | None = None
    locale: Label | None = None
    user_agent: Annotated[str, Meta(max_length=1024)] | None = None
    ip: Annotated[str, Meta(max_length=64)] | None = None
    source: Sources | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One act of one person. `shared.events.parse` makes it from the wire and checks what types cannot say."""

    event_id: Annotated[str, Meta(min_length=1, max_length=128, description="the sender's id; the key of exactly-once")]
    kind: Annotated[Kind, Meta(description="what was done, from the table of kinds")]
    occurred_at: Annotated[Moment, Meta(description="when it happened, with its offset from UTC")]
    received_at: Annotated[Moment, Meta(description="when collect took it; set by collect")] | None = None
    user_id: Annotated[Id, Meta(description="the known person")] | None = None
    anonymous_id: Annotated[Id, Meta(description="the device or browser; one of the two ids is required")] | None = None
    item_ids: Annotated[tuple[Id, ...], Meta(max_length=100, description="the items it was about")] = ()
    category: Annotated[Label, Meta(description="the items' category, or the page's")] | None = None
    value: Annotated[Amount, Meta(description="worth of the act, in `currency`")] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217 code")] | None = None
    quantity: Annotated[float, Meta(ge=0, le=1e6, description="units")] | None = None
    dwell_s: Annotated[Seconds, Meta(description="seconds spent, visible and focused")] | None = None
    duration_s: Annotated[Seconds, Meta(description="the item's own length, when the sender knows it")] | None = None
    scroll_depth: (
        Annotated[float, Meta(ge=0, le=1, description="deepest point reached, as a share of the page")] | None
    ) = None
    context: Annotated[Context, Meta(description="where and how: page_url, referrer, device_type, session_id, …")] = (
        Context()
    )
    decision_id: Annotated[Label, Meta(description="the recommendation it answers")] | None = None
    slot: Annotated[Label, Meta(description="the place on the page that showed it")] | None = None
    consent: (
        Annotated[
            tuple[Annotated[str, Meta(max_length=64)], ...],
            Meta(max_length=20, description="purposes the person allows; absent means not stated"),
        ]
        | None
    ) = None
    properties: Annotated[dict[str, Any], Meta(description="the rest, up to 8 KiB of JSON, 8 levels deep")] = {}


def person_of(event: Event) -> str:
    """The key of the profile that the event belongs to.

    >>> from datetime import datetime, UTC
    >>> person_of(Event(event_id="1", kind="click", occurred_at=datetime.now(UTC), user_id="ann"))
    'u:ann'
    """
    return person_key(event.user_id, event.anonymous_id)


def person_key(user_id: str | None, anonymous_id: str | None) -> str:
    """`u:` and the known id, else `a:` and the anonymous one."""
    return f"u:{user_id}" if user_id is not None else f"a:{anonymous_id}"


encode_event = msgspec.json.Encoder().encode
"""Event → the JSON that topics and tables carry."""

decode_event = msgspec.json.Decoder(Event).decode
"""The reverse, for what `parse` has already checked once."""
