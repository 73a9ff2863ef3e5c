"""What a caller asks of `recommend`: by query or as JSON, the same names."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from shared.errors import PermanentError, Problem
from shared.events.event import Id, person_key
from shared.events.parse import UNREADABLE
from shared.models.blend import Source
from shared.rules.rule import Context

MOST_ITEMS = 100
"""In one answer, over all slots."""

Strategy = Literal["blend"] | Source
"""The learned blend of all sources, or one source by itself."""

Words = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=50)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is misspelt is refused."""


class Filter(Strict, frozen=True):
    """Only such items are shown. All that is given must hold; what is not known of an item does not."""

    category: Annotated[Words, Meta(description="one of these categories")] = ()
    brand: Annotated[Words, Meta(description="one of these brands")] = ()
    tag: Annotated[Words, Meta(description="at least one of these tags")] = ()
    availability: Annotated[Words, Meta(description="one of these, as in_stock")] = ()
    min_price: Annotated[float, Meta(ge=0, description="lowest price")] | None = None
    max_price: Annotated[float, Meta(ge=0, description="highest price")] | None = None


ANYTHING = Filter()


class Slot(Strict, frozen=True):
    """A place on the page that shows some items. No item stands in two slots of an answer."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    n: Annotated[int, Meta(ge=1, le=MOST_ITEMS)] = 10


class Wish(Strict, frozen=True):
    """What is asked, whoever it is for."""

    n: Annotated[int, Meta(ge=1, le=MOST_ITEMS, description="how many items")] = 10
    context: Annotated[Context, Meta(description="where they are shown")] = "home"
    page: Annotated[str, Meta(max_length=2_000, description="address of the page they are shown on")] | None = None
    item_ids: Annotated[
        Annotated[tuple[Id, ...], Meta(max_length=20)], Meta(description="items being looked at, the latest first")
    ] = ()
    filter: Filter = ANYTHING
    exclude_ids: Annotated[
        Annotated[tuple[Id, ...], Meta(max_length=500)], Meta(description="items not to be shown")
    ] = ()
    strategy: Annotated[Strategy, Meta(description="the blend, or one source alone")] = "blend"
    slots: Annotated[
        Annotated[tuple[Slot, ...], Meta(max_length=10)], Meta(description="places to fill, instead of n")
    ] = ()

    @property
    def number(self) -> int:
        """How many items are wanted in all."""
        return sum(slot.n for slot in self.slots) or self.n


PLAIN = Wish()


class Ask(Wish, frozen=True):
    """A request for one person: `GET /v1/recommendations`, or the same as JSON by POST."""

    user_id: Annotated[Id, Meta(description="the known person")] | None = None
    anonymous_id: Annotated[Id, Meta(description="the device or browser; one of the two ids is required")] | None = None

    @property
    def person(self) -> str:
        return person_key(self.user_id, self.anonymous_id)


class Person(Strict, frozen=True):
    """One person of a batch, or whom a token names."""

    user_id: Id | None = None
    anonymous_id: Id | None = None


NOBODY = Person()


class Batch(Wish, frozen=True, kw_only=True):
    """A request for many, as for a mailing: `POST /v1/recommendations/batch`."""

    people: Annotated[list[Person], Meta(min_length=1, max_length=100)]
    context: Context = "email"

    def asks(self) -> list[Ask]:
        """The request of each person."""
        wish = {name: getattr(self, name) for name in Wish.__struct_fields__}
        return [_checked(Ask(**wish, user_id=one.user_id, anonymous_id=one.anonymous_id)) for one in self.people]


LISTS = ("item_ids", "exclude_ids")
FILTERS = Filter.__struct_fields__
FILTER_LISTS = ("category", "brand", "tag", "availability")
S = TypeVar("S", bound=Strict)


def read_query(query: Mapping[str, str], own: Person = NOBODY) -> Ask:
    """The query as an Ask: lists separated by commas, fields of the filter by their names; `own` where it names nobody.

    Raises PermanentError.
    """
    values: dict[str, Any] = {}
    narrowed: dict[str, Any] = {}
    for name, text in query.items():
        listed = [part for part in text.split(",") if part]
        if name in FILTERS:
            narrowed[name] = listed if name in FILTER_LISTS else text
        else:
            values[name] = listed if name in LISTS else text
    if narrowed:
        values["filter"] = narrowed
    return _checked(_convert(values, Ask, query), own)


def read_body(body: bytes, kind: type[S], own: Person = NOBODY) -> S:
    """The JSON as an Ask or a Batch; of an Ask that names nobody, `own`. Raises PermanentError naming what is wrong."""
    try:
        asked = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, "") from None
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem("", "JSON", str(error)[:100]),)) from None
    return _checked(asked, own) if isinstance(asked, Ask) else asked


def _convert(values: Mapping[str, Any], kind: type[S], query: Mapping[str, str]) -> S:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$.")[2].rstrip("`").removeprefix("filter.").partition("[")[0]
        raise _invalid(error, query.get(field, "an unknown field")) from None


def _invalid(error: msgspec.ValidationError, found: str) -> PermanentError:
    expected, _, field = str(error).partition(" - at `$.")
    expected, _, said = expected.removeprefix("Expected ").partition(", got ")
    problem = Problem(field.rstrip("`"), expected, found[:60] or said or "something else")
    return PermanentError("invalid", (problem,))


K = TypeVar("K", bound=Ask)


def _checked(ask: K, own: Person = NOBODY) -> K:
    if ask.user_id is None and ask.anonymous_id is None:
        ask = msgspec.structs.replace(ask, user_id=own.user_id, anonymous_id=own.anonymous_id)
    if ask.user_id is None and ask.anonymous_id is None:
        raise PermanentError("invalid", (Problem("user_id", "user_id or anonymous_id", "neither"),))
    if ask.number > MOST_ITEMS:
        problem = Problem("slots", f"at most {MOST_ITEMS} items in all", str(ask.number))
        raise PermanentError("invalid", (problem,))
    if len({slot.name for slot in ask.slots}) < len(ask.slots):
        raise PermanentError("invalid", (Problem("slots", "names of their own", "one name twice"),))
    return ask
