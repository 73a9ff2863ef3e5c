"""What a caller asks of `recommend`."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from shared.errors import PermanentError, Problem
from shared.events.event import Id, person_key


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query of `GET /v1/recommendations`."""

    user_id: Annotated[Id, Meta(description="the known person")] | None = None
    anonymous_id: Annotated[Id, Meta(description="the device or browser; one of the two ids is required")] | None = None
    n: Annotated[int, Meta(ge=1, le=100, description="how many items")] = 10

    @property
    def person(self) -> str:
        return person_key(self.user_id, self.anonymous_id)


def read_ask(query: Mapping[str, str]) -> Ask:
    """The query as an Ask. Raises PermanentError naming what is wrong."""
    try:
        ask = msgspec.convert(dict(query), Ask, strict=False)
    except msgspec.ValidationError as error:
        expected, _, field = str(error).partition(" - at `$.")
        found = query.get(field.rstrip("`"), "an unknown field")
        raise PermanentError(
            "invalid", (Problem(field.rstrip("`"), expected.removeprefix("Expected "), found[:60]),)
        ) from None
    if ask.user_id is None and ask.anonymous_id is None:
        raise PermanentError("invalid", (Problem("user_id", "user_id or anonymous_id", "neither"),))
    return ask
