"""People who come again at rates of their own, buy as they are minded, and one day stay away."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shared.events.event import Event
from shared.events.kinds import Kind

START = datetime(2026, 1, 1, tzinfo=UTC)


def regulars(people: int, days: int, seed: int = 1) -> Iterator[Event]:
    """Their events, person by person."""
    draw = random.Random(seed)
    for person in range(people):
        rate, zeal, stay = draw.lognormvariate(-1.6, 0.9), draw.random() ** 2, draw.expovariate(1 / 50)
        day = first = draw.uniform(0, 0.8 * days)
        visit = 0
        while day < min(days, first + stay):
            for act, kind in enumerate(_visit(draw, zeal)):
                yield Event(
                    event_id=f"{person}-{visit}-{act}",
                    kind=kind,
                    occurred_at=START + timedelta(days=day, minutes=2 * act),
                    user_id=f"u{person}",
                    item_ids=(f"i{draw.randrange(20)}",),
                    value=round(draw.uniform(5, 80), 2) if kind == "purchase" else None,
                )
            visit += 1
            day += draw.expovariate(rate)


def _visit(draw: random.Random, zeal: float) -> list[Kind]:
    acts: list[Kind] = ["item_view"] * (1 + int(draw.expovariate(0.7)))
    if draw.random() < zeal:
        acts.append("add_to_cart")
        if draw.random() < 0.6:
            acts.append("purchase")
    return acts
