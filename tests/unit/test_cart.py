"""The cart is that of the acts in order of time, in whatever order they come."""

import random
from datetime import datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import Kind
from shared.profiles.cart import KEPT_MS, cart
from shared.profiles.face import face
from shared.profiles.fold import is_allowed
from shared.profiles.profile import CAPS, MS
from tests.unit.people import START, TERMS, events_of_one, folded, make

SIGNS = {"add_to_cart": 1, "remove_from_cart": -1, "purchase": -1}


def cart_in_order(events: list[Event], now: datetime) -> dict[str, float]:
    held: dict[str, float] = {}
    young = [event for event in events if event.kind in SIGNS and now - event.occurred_at <= KEPT_MS * MS]
    for event in sorted(young, key=lambda event: (event.occurred_at, -SIGNS[event.kind])):
        units = 1.0 if event.quantity is None else event.quantity
        for item_id in event.item_ids if is_allowed(event, TERMS) else ():
            held[item_id] = max(0.0, held.get(item_id, 0.0) + SIGNS[event.kind] * units)
    return {item_id: units for item_id, units in held.items() if units}


@given(events_of_one, st.randoms(use_true_random=False), st.integers(0, 60 * 24 * 40))
def test_the_cart_is_that_of_the_acts_in_order(events: list[Event], rng: random.Random, minutes: int) -> None:
    now = max((event.occurred_at for event in events), default=START) + timedelta(minutes=minutes)
    profile = folded(rng.sample(events, len(events)))
    assert cart(profile, now) == cart_in_order(events, now)


def act(number: int, kind: Kind, minutes: float, quantity: float | None = None) -> Event:
    return msgspec.structs.replace(make(number, kind, minutes, 1), quantity=quantity)


def test_what_is_added_and_not_bought_is_in_the_cart() -> None:
    acts = [act(1, "add_to_cart", 0, 3), act(2, "remove_from_cart", 1), act(3, "purchase", 2, 0.5)]
    assert cart(folded(acts), START) == {"i1": 1.5}
    assert face(folded(acts), "", TERMS.session_cap_ms)["cart_items"] == ["i1"]
    assert cart(folded([*acts, act(4, "purchase", 3, 9)]), START) == {}
    assert cart(folded([*acts, act(4, "purchase", 3, 9), act(5, "add_to_cart", 4)]), START) == {"i1": 1.0}


def test_a_purchase_that_arrives_first_is_still_a_purchase() -> None:
    assert cart(folded([act(2, "purchase", 1), act(1, "add_to_cart", 0)]), START) == {}
    assert cart(folded([act(2, "purchase", 0), act(1, "add_to_cart", 0)]), START) == {}


def test_a_cart_is_forgotten_after_a_month() -> None:
    profile = folded([act(1, "add_to_cart", 0)])
    assert cart(profile, START + timedelta(days=30)) == {"i1": 1.0}
    assert cart(profile, START + timedelta(days=30, seconds=1)) == {}


def test_the_latest_acts_are_kept() -> None:
    many = [make(number, "add_to_cart", number, number) for number in range(CAPS["cart"] + 20)]
    profile = folded(random.Random(4).sample(many, len(many)))
    assert set(cart(profile, START)) == {f"i{number}" for number in range(20, CAPS["cart"] + 20)}
