"""Brand and tags of an event are those that its item's facts would have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.facts import check, hearsay
from shared.events.kinds import KINDS, Kind
from shared.events.traits import LONGEST, MOST_TAGS, UNKNOWN, Traits, read_traits
from tests.unit.people import START

brands = st.sampled_from([" Acme ", "Initech", ""])
words = st.sampled_from(["wool", "winter", "snow"])
said = st.fixed_dictionaries(
    {},
    optional={
        "brand": brands,
        "tags": st.one_of(words, st.just("wool, winter"), st.lists(words, min_size=1, unique=True)),
    },
)


def make(kind: Kind, *item_ids: str, **properties: object) -> Event:
    return Event(event_id="e", kind=kind, occurred_at=START, user_id="ann", item_ids=item_ids, properties=properties)


@given(st.sampled_from(sorted(KINDS)), said, said, st.booleans())
def test_they_are_those_of_the_facts(
    kind: Kind, own: dict[str, object], product: dict[str, object], told: bool
) -> None:
    listed = {"products": [{"product_id": "other", "brand": "No"}, {"product_id": "p", **product}]} if told else {}
    event = make(kind, "p", **own, **listed)
    facts = {item: check(item, said, event) for item, said in hearsay(event)}.get("p")
    assert read_traits(event) == Traits((facts and facts.brand) or None, (facts and facts.tags) or ())


def test_a_products_own_facts_come_first() -> None:
    event = make("click", "p", brand="Shop", tags="all", products=[{"product_id": "p", "brand": "Acme"}])
    assert read_traits(event) == Traits("Acme", ("all",))


@pytest.mark.parametrize("kind", ["page_view", "search", "custom"])
def test_a_pages_properties_are_not_the_items(kind: Kind) -> None:
    assert read_traits(make(kind, "p", brand="Acme")) == UNKNOWN


def test_several_items_have_no_common_brand() -> None:
    assert read_traits(make("purchase", "p", "q", brand="Acme")) == UNKNOWN


def test_they_are_bounded() -> None:
    many = make("click", "p", brand="b" * (LONGEST + 1), tags=[f"t{number}" for number in range(50)] + ["t\x00"])
    assert read_traits(many) == Traits(None, tuple(f"t{number}" for number in range(MOST_TAGS)))
