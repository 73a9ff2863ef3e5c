"""One visit: what a person with these tastes and this persona does from the landing page on."""

from random import Random
from typing import Any

from infra.local.inputs.simulate.catalogue import CATEGORIES, STYLES, Item, shelves
from infra.local.inputs.simulate.login import introduce
from infra.local.inputs.simulate.people import Person
from infra.local.inputs.simulate.record import SITE, Recorder
from infra.local.inputs.simulate.shopping import check_out, choose, liking, open_item

ENTRANCES: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    ("https://www.google.com/", None),
    ("https://www.google.com/", "search-ads"),
    ("https://mail.example/", "weekly-newsletter"),
    ("https://social.example/", "summer-video"),
)
"""Referrer and campaign of a visit."""

SAME_CATEGORY = 0.6
"""The next item is of the last one's category, whatever the tastes say."""

SHOWN = 4


def visit(rng: Random, person: Person, record: Recorder) -> None:
    """Let the person visit; the record's clock stands at the visit's end afterwards."""
    referrer, campaign = rng.choice(ENTRANCES)
    record.context |= {name: value for name, value in (("referrer", referrer), ("campaign", campaign)) if value}
    record.act("page_view")
    record.wait(rng.uniform(1, 8))
    introduce(rng, person, record)
    if rng.random() < person.persona.bounce:
        return
    item = _look_at_recommendations(rng, person, record)
    if rng.random() < person.persona.search:
        item = _search(rng, person, record)
    for _ in range(1 + int(rng.expovariate(1 / person.persona.views))):
        item = item or choose(rng, person)
        open_item(rng, person, record, item)
        item = choose(rng, person, item.category) if rng.random() < SAME_CATEGORY else None
    _extras(rng, record)
    if person.cart and rng.random() < person.persona.buy:
        check_out(rng, person, record)


def _look_at_recommendations(rng: Random, person: Person, record: Recorder) -> Item | None:
    """A shop that knows little yet: it shows what is popular anywhere, and learns from what people make of it."""
    if rng.random() < 0.6:
        return None
    shown = [_popular(rng) for _ in range(SHOWN)]
    answer: dict[str, Any] = {"decision_id": f"decision-{record.context['session_id']}", "slot": "home"}
    record.act("impression", item_ids=list(dict.fromkeys(item.item_id for item in shown)), **answer)
    for item in shown:
        record.wait(rng.uniform(1, 4))
        if rng.random() < 0.3 * liking(person, item.category):
            record.act("click", item, **answer)
            return item
        if rng.random() < 0.1 * (1 - liking(person, item.category)):
            record.act("dismiss", item, **answer)
    return None


def _popular(rng: Random) -> Item:
    shelf = shelves()[rng.choice(CATEGORIES), rng.choice(STYLES)]
    return rng.choices(shelf.items, cum_weights=shelf.appeal)[0]


def _search(rng: Random, person: Person, record: Recorder) -> Item:
    item = choose(rng, person)
    record.page_url = f"{SITE}/search?q={item.style}+{item.category}"
    record.act("search", category=item.category, properties={"query": f"{item.style} {item.category}"})
    record.wait(rng.uniform(3, 15))
    return item


def _extras(rng: Random, record: Recorder) -> None:
    chance = rng.random()
    if chance < 0.02:
        record.page_url = f"{SITE}/contact"
        record.act("form_submit", properties={"form": "contact"})
    elif chance < 0.04:
        record.act("custom", properties={"name": "quiz_finished", "score": rng.randint(0, 10)})
