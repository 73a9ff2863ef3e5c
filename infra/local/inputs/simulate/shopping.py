"""What a person does with items: choose, open, like, put into the cart, buy."""

from math import log
from random import Random

from infra.local.inputs.simulate.catalogue import CATEGORIES, STYLES, Item, shelves
from infra.local.inputs.simulate.people import Person
from infra.local.inputs.simulate.record import SITE, Recorder

CART_ITEMS = 6


def choose(rng: Random, person: Person, category: str | None = None) -> Item:
    """An item by taste, style and appeal, in this category if one is given."""
    category = category or rng.choices(CATEGORIES, cum_weights=person.taste_sums)[0]
    shelf = shelves()[category, rng.choices(STYLES, cum_weights=person.style_sums)[0]]
    return rng.choices(shelf.items, cum_weights=shelf.appeal)[0]


def liking(person: Person, category: str) -> float:
    """How much the person likes things of the category, 0 to 1: fully from a taste of one half on."""
    return min(1.0, 2 * person.truth.tastes[category])


def open_item(rng: Random, person: Person, record: Recorder, item: Item) -> None:
    """Open the item, spend time with it, perhaps do something about it."""
    likes = liking(person, item.category)
    dwell_s = round(rng.lognormvariate(log(person.persona.dwell_s * (0.3 + likes)), 0.8), 1)
    told = rng.random()
    record.page_url = item.url
    if told < 0.5:  # the client tells the time spent with the view itself, or on leaving, or not at all
        record.act("item_view", item, dwell_s=dwell_s)
    else:
        record.act("item_view", item)
    record.wait(dwell_s / 2)
    if rng.random() < 0.35:
        record.act("scroll", item, scroll_depth=round(min(1.0, dwell_s / 60 * rng.uniform(0.5, 1.5)), 2))
    _react(rng, person, record, item, likes)
    record.wait(dwell_s / 2)
    if told > 0.75:
        record.act("dwell", item, dwell_s=dwell_s)
    record.wait(rng.uniform(1, 6))


def _react(rng: Random, person: Person, record: Recorder, item: Item, likes: float) -> None:
    if item.has_video and rng.random() < 0.4 * likes:
        record.act("video_play", item)
    if rng.random() < person.persona.react * likes:
        record.wait(1)
        record.act(rng.choices(("bookmark", "share", "comment"), (5, 3, 2))[0], item)
    if rng.random() < person.persona.cart * likes and item.item_id not in person.cart:
        record.wait(1)
        record.act("add_to_cart", item, value=item.price, currency="USD", quantity=1)
        person.cart[item.item_id] = item
        if len(person.cart) > CART_ITEMS or rng.random() < 0.12:
            record.wait(rng.uniform(1, 5))
            record.act("remove_from_cart", person.cart.pop(next(iter(person.cart))), quantity=1)


def check_out(rng: Random, person: Person, record: Recorder) -> None:
    """Go to the checkout with all that is in the cart; perhaps buy it."""
    cart = list(person.cart.values())
    total = round(sum(item.price for item in cart), 2)
    record.page_url = f"{SITE}/checkout"
    record.act("page_view")
    record.wait(rng.uniform(5, 20))
    record.act("begin_checkout", item_ids=list(person.cart), value=total, currency="USD", quantity=len(cart))
    record.wait(rng.uniform(30, 180))
    if rng.random() > person.persona.buy:
        return
    order = {"order_id": f"order-{record.context['session_id']}"}
    for item in cart:  # one event a line: its value and quantity belong to one item
        units = 1 if rng.random() < 0.85 else 2
        value = round(units * item.price, 2)
        record.act("purchase", item, value=value, currency="USD", quantity=units, properties=order)
    person.cart.clear()
