"""Dead letters that name somebody. Blocks: call it from a thread."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import msgspec

from forgetting.marks import Marks, mark
from shared.profiles.profile import to_ms
from shared.stores.ports import Letter, Letters, Message

USER = frozenset(("user_id", "userid", "previousid"))
DEVICE = frozenset(
    ("anonymous_id", "anonymousid", "user_pseudo_id", "client_id", "app_instance_id", "appinstanceid", "previousid")
)
"""What senders call them, in lower case."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
TIMES = ("occurred_at", "timestamp", "requested_at", "decided_at")
PAIR = re.compile(rb'"(\w{1,40})"\s*:\s*(?:"([^"\\]{1,256})"|(\d{1,40}))')
"""A field of what is no JSON: cut off, or with a wrong letter in it."""


def sift(open_letters: Callable[[], Letters], marks: Marks, take: Callable[[Letter], None] | None = None) -> int:
    """How many letters name these people. `take` sees each; without it they are thrown away."""
    n = 0
    with closing(open_letters()) as box:
        while letters := box.read():
            theirs = [letter for letter in letters if is_named(letter.message, marks)]
            n += len(theirs)
            if take is None:
                if theirs:
                    box.ack(theirs)
            else:
                for letter in theirs:
                    take(letter)
    return n


def is_named(message: Message, marks: Marks) -> bool:
    """Whether the letter names one of them, and not in something that happened after their erasure."""
    at_ms, named = _when(message.data), persons(message)
    if at_ms and not any(person.startswith("u:") for person in named):
        named |= {f"s:{person[2:]}" for person in named}  # whose a shared device was is a matter of time
    return any(at_ms <= marks.get(mark(person), -1) for person in named)


def persons(message: Message) -> set[str]:
    """Everybody whom a message names: in its key, its attributes, or anywhere in its data."""
    found = {message.key} if message.key[:2] in ("u:", "a:") else set()
    found |= set(_named(message.attributes))
    try:
        return found | set(_named(msgspec.json.decode(message.data)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return found | set(_pairs(message.data))


def _named(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            for name, inner in one.items():
                yield from _persons(str(name), inner)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _pairs(data: bytes) -> Iterator[str]:
    for name, text, number in PAIR.findall(data):
        yield from _persons(name.decode(errors="replace"), (text or number).decode(errors="replace"))


def _persons(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return
    if name.lower() in USER:
        yield f"u:{value}"
    if name.lower() in DEVICE:
        yield f"a:{value}"


def _when(data: bytes) -> int:
    """When what the letter tells happened, in ms; 0: it does not say."""
    try:
        fields = msgspec.json.decode(data)
        told = next((fields[name] for name in TIMES if isinstance(fields, dict) and name in fields), None)
        return to_ms(msgspec.convert(told, Moment)) if isinstance(told, str) else 0
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
