"""What an operator asks: of whom, and why. Bodies are JSON; every bad field is named."""

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from shared.errors import PermanentError, Problem
from shared.events.event import Id, person_key

Person = Annotated[str, Meta(pattern="^[ua]:", max_length=258)]
PAGE = 500

O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - an order


class Unmerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take this user's claim on this device back, for good."""

    user_id: Id
    anonymous_id: Id


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put one person in quarantine, let them out, or purge them."""

    why: Annotated[str, Meta(min_length=1, max_length=256)]
    user_id: Id | None = None
    anonymous_id: Id | None = None

    @property
    def person(self) -> str:
        return person_key(self.user_id, self.anonymous_id)


class Rebuild(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rebuild these people; or the next `n` of the log after a key, as `next` in the answer before said."""

    persons: Annotated[list[Person], Meta(min_length=1, max_length=100)] | None = None
    after: Annotated[str, Meta(max_length=258)] = ""
    n: Annotated[int, Meta(ge=1, le=2_000)] = PAGE
    force: bool = False


Action = Literal["unmerge", "quarantine", "release", "purge", "rebuild"]


def parse_order(body: bytes, kind: type[O]) -> O:
    """The order of a request's body. Raises PermanentError."""
    try:
        order = msgspec.json.decode(body.strip() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text, _, path = str(error).partition(" - at `$")
        field = path.strip("`.")
        raise PermanentError("malformed", (Problem(field, _fields(kind), text[:200]),)) from None
    if isinstance(order, Verdict) and (order.user_id is None) == (order.anonymous_id is None):
        raise PermanentError("invalid", (Problem("user_id", "either user_id or anonymous_id", "both or neither"),))
    return order


def _fields(kind: type[msgspec.Struct]) -> str:
    return f"an object of {', '.join(kind.__struct_fields__)}"
