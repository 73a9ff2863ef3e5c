"""What is asked and told, as keyword arguments or as dictionaries. What is left out is left to the server."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Required, TypedDict


class Filter(TypedDict, total=False):
    """Only such items are shown; all that is given must hold."""

    category: Sequence[str]
    brand: Sequence[str]
    tag: Sequence[str]
    availability: Sequence[str]
    min_price: float | None
    max_price: float | None


class Slot(TypedDict, total=False):
    """A place that shows some items. No item stands in two slots of an answer."""

    name: Required[str]
    n: int


class Wish(TypedDict, total=False):
    """What is asked, whoever it is for."""

    n: int
    context: Literal["home", "item", "cart", "search", "email"]
    page: str | None
    item_ids: Sequence[str]
    filter: Filter
    exclude_ids: Sequence[str]
    strategy: str
    slots: Sequence[Slot]


class Person(TypedDict, total=False):
    """Whom it is for: one of the two, or both."""

    user_id: str | None
    anonymous_id: str | None


class Ask(Wish, Person, total=False):
    """What is asked for one person."""


class Context(TypedDict, total=False):
    """Where and how something happened."""

    page_url: str | None
    referrer: str | None
    device_type: str | None
    session_id: str | None
    session_duration_s: float | None
    campaign: str | None
    locale: str | None
    user_agent: str | None
    ip: str | None
    source: str | None


class Event(Person, total=False):
    """One act of one person. Without `event_id` and `occurred_at` it happens now; what is sent again counts once."""

    kind: Required[str]
    event_id: str
    occurred_at: datetime
    received_at: datetime | None
    item_ids: Sequence[str]
    category: str | None
    value: float | None
    currency: str | None
    quantity: float | None
    dwell_s: float | None
    duration_s: float | None
    scroll_depth: float | None
    context: Context
    decision_id: str | None
    slot: str | None
    consent: Sequence[str] | None
    properties: Mapping[str, Any]
