"""Machines among the simulated people: what they want, how they go about it, and what gives each away."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from infra.local.inputs.simulate.catalogue import CATEGORIES, STYLES, Item, shelves
from infra.local.inputs.simulate.personas import DEVICES
from infra.local.inputs.simulate.record import SITE, Timed

DAY_MS = 86_400_000
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

Step = tuple[float, str, Item | None, dict[str, object]]
"""What a bot does next: after so many seconds, an event of this kind, about an item, with further fields."""


class Bot(NamedTuple):
    """A simulated machine. `name` is its anonymous id; a rotator's ids start with it."""

    name: str
    habit: str


def make_bots(number: int, prefix: str) -> list[Bot]:
    """As many bots as asked for, of each habit in turn."""
    habits = list(HABITS)
    return [Bot(f"device-{prefix}m{n}", habits[n % len(habits)]) for n in range(number)]


def act(rng: Random, bot: Bot, days: int, start: datetime) -> list[Timed]:
    """Everything a bot does in the period: two runs, each on some day at some time."""
    ids = (f"{bot.name}-{number}" for number in count(1))
    done: list[Timed] = []
    for _ in range(2):
        at_ms = rng.randrange(days) * DAY_MS + rng.randrange(DAY_MS // 2)
        for wait_s, kind, item, fields in HABITS[bot.habit](rng):
            at_ms += round(wait_s * 1_000)
            event_id = next(ids)
            who = event_id if bot.habit == "rotator" else bot.name
            done.append((at_ms, _event(event_id, who, kind, item, start + timedelta(milliseconds=at_ms), fields)))
    return done


def _event(
    event_id: str, who: str, kind: str, item: Item | None, at: datetime, fields: Mapping[str, object]
) -> dict[str, object]:
    event: dict[str, object] = {
        "event_id": event_id,
        "kind": kind,
        "occurred_at": at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        "anonymous_id": who,
        "context": {
            "user_agent": fields.get("agent", DEVICES[0][0].user_agent),
            "page_url": item.url if item else SITE,
            "source": "api",
        },
    }
    if item is not None:
        event |= {"item_ids": [item.item_id], "category": item.category}
    return event | {name: value for name, value in fields.items() if name != "agent"}


def _any(rng: Random) -> Item:
    return rng.choice(shelves()[rng.choice(CATEGORIES), rng.choice(STYLES)].items)


def _scrape(rng: Random) -> Iterator[Step]:
    """Copies the catalogue as fast as the shop answers."""
    for _ in range(rng.randint(300, 600)):
        yield rng.uniform(0.05, 0.4), "item_view", _any(rng), {}


def _tick(rng: Random) -> Iterator[Step]:
    """Watches prices: polite and punctual."""
    pause_s = rng.choice((5, 10, 20, 30))
    for _ in range(rng.randint(100, 300)):
        yield pause_s * rng.uniform(0.95, 1.05), "item_view", _any(rng), {}


def _refresh(rng: Random) -> Iterator[Step]:
    """A page that reloads itself on a screen nobody looks at."""
    for _ in range(rng.randint(100, 300)):
        yield 60 + rng.uniform(0, 0.5), "page_view", None, {}


def _crawl(rng: Random) -> Iterator[Step]:
    """A search engine's: says who it is, takes its time."""
    for _ in range(rng.randint(60, 150)):
        yield rng.expovariate(1 / 30), "item_view", _any(rng), {"agent": CRAWLER}


def _inflate(rng: Random) -> Iterator[Step]:
    """Makes a few items look loved: long dwell told within seconds, and carts that nobody fills."""
    loved = [_any(rng) for _ in range(3)]
    for _ in range(rng.randint(60, 150)):
        item = rng.choice(loved)
        yield rng.uniform(0.2, 1.0), "item_view", item, {"dwell_s": round(rng.uniform(60, 300), 1)}
        yield rng.uniform(0.2, 1.0), rng.choice(("click", "add_to_cart", "bookmark")), item, {}


def _creep(rng: Random) -> Iterator[Step]:
    """Takes pains: a browser's agent and a person's pauses. Nothing but the missing attention tells."""
    for _ in range(rng.randint(20, 60)):
        yield rng.lognormvariate(3.0, 0.8), "item_view", _any(rng), {}


def _rotate(rng: Random) -> Iterator[Step]:
    """A crawler that is somebody else with every page."""
    for _ in range(rng.randint(50, 150)):
        yield rng.expovariate(1 / 10), "item_view", _any(rng), {"agent": CRAWLER}


HABITS: Mapping[str, Callable[[Random], Iterator[Step]]] = {
    "scraper": _scrape,
    "ticker": _tick,
    "refresher": _refresh,
    "crawler": _crawl,
    "inflator": _inflate,
    "creeper": _creep,
    "rotator": _rotate,
}
