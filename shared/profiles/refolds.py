"""What is asked for on topic `refolds`: fold these people again from the log, for other events are theirs now."""

from collections.abc import Iterable
from typing import Literal
from uuid import uuid4

import msgspec

from shared.errors import PermanentError, Problem
from shared.profiles.standing import Note

TOPIC = "refolds"

Why = Literal["claims", "unmerge", "unlike", "refold", "release", "erasure", "quarantine", "rebuild", "consent"]
"""Another user claimed a device, or earlier; a claim was taken back; two states cannot be added (their half-lives
differ, or an event is in both); a refold was under way when a device was taken over; a quarantine of a device has
begun, or any has ended; a device was erased; an operator asked for it."""


class Refold(msgspec.Struct, frozen=True):
    """The data of a message, as JSON. A message of the same `change_id` may come twice; doing it again is harmless."""

    persons: list[str]
    why: Why
    change_id: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Refold).decode


def ask(persons: Iterable[str], why: Why, at_ms: int) -> Note:
    """The note that asks for it. Whoever writes it signs it."""
    change_id = uuid4().hex
    data = _encode(Refold(sorted(set(persons)), why, change_id))
    return Note(change_id, TOPIC, data, {"why": why}, at_ms, by="")


def read_refold(data: bytes) -> Refold:
    """The request in a message. Raises PermanentError if it is none."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PermanentError("malformed", (Problem("", "a request for a refold", str(error)),)) from None
