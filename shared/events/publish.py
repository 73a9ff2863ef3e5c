"""Onto the topics: events in one request for a batch, what they say of items, and what cannot be read."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from shared.errors import PermanentError, RetryableError
from shared.events.event import Event, encode_event, person_of
from shared.events.facts import Hearsay, check, hearsay
from shared.events.push import Push
from shared.models.facts import ItemFacts, encode_facts
from shared.stores.ports import Message, Topics
from shared.telemetry import carried, log

TOPIC = "events"
ITEMS = "items"
DEAD_LETTERS = "dead-letters"
DEAD_LETTER_ATTRIBUTES = ("reason", "function", "topic")
"""What a dead letter carries beside the attributes of the message that it was."""

MOST_ITEMS = 10_000
REPEAT = timedelta(hours=1)
"""What an event says of an item is stated again after so long, though it is the same: another instance may have heard
otherwise meanwhile, and only the newest statement counts."""


async def publish_events(topics: Topics, events: Sequence[Event]) -> None:
    """Publish the events; durable when it returns. Raises RetryableError, for the events' sake only."""
    if not events:
        return
    trace = carried()
    publishing = topics.publish(TOPIC, [_message(event, trace) for event in events])
    if news := _news(topics, events):
        # Side by side: what is said of items costs the sender no time.
        await asyncio.gather(publishing, _tell(topics, news))
    else:
        await publishing


async def publish_facts(topics: Topics, facts: Iterable[ItemFacts]) -> None:
    """Publish facts of items; durable when it returns. Raises RetryableError."""
    trace = carried()
    messages = [Message(encode_facts(one), one.item_id, trace) for one in facts]
    if messages:
        await topics.publish(ITEMS, messages)


async def publish_dead_letter(topics: Topics, push: Push, error: PermanentError, function: str, topic: str) -> None:
    """Keep what `function` could not read off `topic`: the bytes as they came, and why. Raises RetryableError."""
    attributes = {
        **(push.message.attributes or {}),
        "reason": str(error)[:1_000],
        "function": function,
        "topic": topic,
    }
    await topics.publish(DEAD_LETTERS, [Message(push.message.data, push.message.ordering_key, attributes)])


class Grapevine:
    """What an instance has lately passed on about items, so that it passes on only what is new."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[dict[str, int], datetime]] = {}

    def is_news(self, item_id: str, said: Hearsay, at: datetime) -> bool:
        known, since = self._told.get(item_id, ({}, at))
        return at - since > REPEAT or any(known.get(name) != hash(value) for name, value in said.items())

    def remember(self, item_id: str, said: Hearsay, at: datetime) -> None:
        known, since = self._told.pop(item_id, ({}, at))
        if at - since > REPEAT:
            known, since = {}, at
        self._told[item_id] = known | {name: hash(value) for name, value in said.items()}, since
        if len(self._told) > MOST_ITEMS:
            del self._told[next(iter(self._told))]


_grapevines: "WeakKeyDictionary[Topics, Grapevine]" = WeakKeyDictionary()


News = list[tuple[str, Hearsay, Event]]


def _news(topics: Topics, events: Sequence[Event]) -> News:
    """What the events say of items that this instance has not passed on lately."""
    grapevine = _grapevines.setdefault(topics, Grapevine())
    news = [
        (item_id, said, event)
        for event in events
        for item_id, said in hearsay(event)
        if grapevine.is_news(item_id, said, _heard_at(event))
    ]
    # A batch says the same of an item again and again.
    return list({(item_id, *said.items()): (item_id, said, event) for item_id, said, event in news}.values())


async def _tell(topics: Topics, news: News) -> None:
    """Facts that fail must not fail the events that brought them: the next event of the item says them again."""
    checked = [check(item_id, said, event) for item_id, said, event in news]
    try:
        await publish_facts(topics, [facts for facts in checked if facts is not None])
    except RetryableError as error:
        log("WARNING", "facts of items not published", reason=str(error))
        return
    grapevine = _grapevines[topics]
    for item_id, said, event in news:
        grapevine.remember(item_id, said, _heard_at(event))


def _heard_at(event: Event) -> datetime:
    return event.received_at or event.occurred_at


def _message(event: Event, trace: Mapping[str, str]) -> Message:
    return Message(encode_event(event), person_of(event), {"kind": event.kind, **trace})
