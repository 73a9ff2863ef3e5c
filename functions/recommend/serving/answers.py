"""An answer as JSON, and the decision that is logged for it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import islice
from secrets import token_hex
from typing import NamedTuple

import msgspec

from serving.next_steps import steps_from
from serving.parts import Parts
from serving.told import Recommendations, SlotItems, Who
from shared import http, telemetry, wiring
from shared.decision import Decision, Shown, encode_decision
from shared.models.paths import PathsModel
from shared.ranking.recommend import Answer
from shared.ranking.request import Ask

encode = msgspec.json.Encoder().encode


Logged = Callable[[], bytes]
"""Makes the record of a decision, which nobody is to wait for."""


class Answered(NamedTuple):
    """A reply, and the decisions to be logged once it has gone out."""

    reply: http.Reply
    decisions: tuple[Logged, ...] = ()


async def answer(parts: Parts, ask: Ask) -> Answered:
    """The recommendations of one person."""
    told, decision = await decide(parts, ask)
    return Answered(http.Reply(200, encode(told), http.JSON), (decision,))


async def decide(parts: Parts, ask: Ask) -> tuple[Recommendations, Logged]:
    """What is answered to one person, and the decision as it is logged."""
    found = await parts.recommender.answer(ask.person, ask)
    if found.degraded:
        telemetry.note("degraded")
    who: Who = {"decision_id": token_hex(16), "user_id": ask.user_id, "anonymous_id": ask.anonymous_id}
    told: Recommendations = {
        "decision_id": who["decision_id"],
        "user_id": ask.user_id,
        "anonymous_id": ask.anonymous_id,
        "persona": found.persona,
        "arm": found.arm,
        "propensities": found.propensities,
        "items": found.items,
        "model_versions": found.model_versions,
        "degraded": found.degraded,
    }
    if ask.slots:
        told["slots"] = _slots(ask, found)
    if ask.page is not None:
        told["next_steps"] = steps_from(parts.registry.last("paths", PathsModel), ask.page)
    return told, partial(_logged, who, wiring.clock(), telemetry.trace_id(), ask, found)


def _slots(ask: Ask, found: Answer) -> list[SlotItems]:
    """The items divided among the slots, the first ones to the first."""
    items = iter(found.items)
    return [{"name": slot.name, "items": list(islice(items, slot.n))} for slot in ask.slots]


def _logged(who: Who, at: datetime, trace: str | None, ask: Ask, found: Answer) -> bytes:
    """What the log keeps; names and categories are the catalogue's."""
    slots = [slot.name for slot in ask.slots for _ in range(slot.n)]
    shown = [
        Shown(
            item_id=item.item_id,
            place=place,
            score=item.score,
            source=item.source,
            reason=item.reason,
            rule=item.rule,
            probability=item.probability,
            slot=slots[place - 1] if slots else None,
        )
        for place, item in enumerate(found.items, start=1)
    ]
    decision = Decision(
        **who,
        decided_at=at,
        persona=found.persona,
        arm=found.arm,
        context=ask.context,
        page=ask.page,
        looking_at=ask.item_ids,
        strategy=ask.strategy,
        n=ask.number,
        rules=tuple(found.rules),
        propensities={name: one["probability"] for name, one in found.propensities.items()},
        features=found.features,
        candidates=tuple(found.candidates()),
        items=tuple(shown),
        model_versions=found.model_versions,
        degraded=found.degraded,
        trace=trace,
    )
    return encode_decision(decision)
