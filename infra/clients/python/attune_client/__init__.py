"""Attune from Python.

with Client("https://RECOMMEND", collect="https://COLLECT", api_key=…, write_key=…) as attune:
    answer = attune.recommend(user_id="ann", n=3, context="home")
    attune.send([{"kind": "impression", "user_id": "ann", "item_ids": [one.item_id for one in answer.items],
                  "decision_id": answer.decision_id}])
"""

from attune_client.answers import (
    Problem,
    Propensity,
    Recommendation,
    Recommendations,
    Refusal,
    SlotItems,
    Stage,
    Step,
    Taken,
    Token,
    Why,
)
from attune_client.asks import Ask, Context, Event, Filter, Person, Slot, Wish
from attune_client.asynchronous import AsyncClient
from attune_client.client import Client
from attune_client.errors import (
    AttuneError,
    DeniedError,
    EventsRefusedError,
    RefusedError,
    UnavailableError,
    UnexpectedAnswerError,
)

__all__ = [
    "Ask",
    "AsyncClient",
    "AttuneError",
    "Client",
    "Context",
    "DeniedError",
    "Event",
    "EventsRefusedError",
    "Filter",
    "Person",
    "Problem",
    "Propensity",
    "Recommendation",
    "Recommendations",
    "Refusal",
    "RefusedError",
    "Slot",
    "SlotItems",
    "Stage",
    "Step",
    "Taken",
    "Token",
    "UnavailableError",
    "UnexpectedAnswerError",
    "Why",
    "Wish",
]
