"""What a request asks to be forgotten: of a topic's message, or of a POST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from shared.errors import PermanentError, Problem
from shared.events.event import person_key
from shared.events.parse import is_poisoned
from shared.stores.ports import Message
from shared.telemetry import carried

Mode = Literal["delete", "suppress"]
LONGEST_ID = 256
EXPECTED = '{"user_id": … or "anonymous_id": …, "mode": "delete" or "suppress"}'


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Forget this person. `delete`: who comes back is somebody new; `suppress`: nothing of them ever counts again.

    With both ids the person is the user, and the device is one of theirs.
    """

    user_id: str | None = None
    anonymous_id: str | None = None
    mode: Mode = "delete"
    requested_at: datetime | None = None
    source: str = "api"

    @property
    def person(self) -> str:
        return person_key(self.user_id, self.anonymous_id)


_decode = msgspec.json.Decoder(Order).decode


def parse_order(body: bytes) -> Order:
    """Raises PermanentError for what names nobody."""
    try:
        order = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError("malformed", (Problem("", EXPECTED, str(error)[:200]),)) from None
    check_ids({"user_id": order.user_id, "anonymous_id": order.anonymous_id})
    return order


def check_ids(ids: Mapping[str, str | None]) -> None:
    """Raises PermanentError unless at least one id is given, and each is an id of one person."""
    given = {name: value for name, value in ids.items() if value is not None}
    if not given:
        raise PermanentError("invalid", (Problem("user_id", "an id, or anonymous_id", "nothing"),))
    for name, value in given.items():
        if not 0 < len(value) <= LONGEST_ID or is_poisoned(value):
            raise PermanentError("invalid", (Problem(name, "an id of one person", f"{len(value)} characters"),))


def message_of(order: Order) -> Message:
    """The order as a message of the topic `privacy-requests`."""
    fields = {name: value for name, value in msgspec.structs.asdict(order).items() if value is not None}
    return Message(msgspec.json.encode(fields), order.person, carried())
