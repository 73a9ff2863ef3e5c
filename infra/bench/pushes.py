"""Templates of push bodies, from which a script makes events that have never been sent before."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from infra.bench.people import People
from shared.events.event import Event, encode_event

PER_PERSON = 10
GAP = "\x00"
EVERY = timedelta(days=3)
"""The time between the first events of two cases. An event is a second later than the one before."""


def first_second(case: int, cases: int) -> int:
    """When a case's first event happened, in seconds since 1970: cases follow each other and end before now."""
    return int((datetime.now(UTC) - (cases - case) * EVERY).timestamp())


def write_templates(file: Path, people: People, users: Sequence[str]) -> None:
    """Some events of each user, one user after the other, so that those in flight together are of different people."""
    file.write_text("".join(f"{head}\t{tail}\n" for head, tail in _templates(people, users)))


def _templates(people: People, users: Sequence[str]) -> Iterator[tuple[str, str]]:
    for turn in range(PER_PERSON):
        for user in users:
            events = people.events[user]
            yield _template(events[turn * len(events) // PER_PERSON])


def _template(event: Event) -> tuple[str, str]:
    """What stands in a push body before the event's id and time, and what stands after them."""
    fields = msgspec.json.decode(encode_event(event))
    for name in ("event_id", "occurred_at", "received_at"):
        fields.pop(name, None)
    message = {
        "data": GAP,
        "attributes": {"kind": event.kind},
        "messageId": "11",
        "message_id": "11",
        "publishTime": "2026-01-01T00:00:00.000Z",
        "publish_time": "2026-01-01T00:00:00.000Z",
    }
    body = msgspec.json.encode(
        {"message": message, "subscription": "projects/bench/subscriptions/update_profile"}
    ).decode()
    head, tail = body.split("\\u0000")
    rest = msgspec.json.encode(fields).removeprefix(b"{")
    return head, b64encode(rest).decode() + tail
