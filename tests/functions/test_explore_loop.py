"""The loop of exploration: what is answered is logged, what is seen and met of it is learned, and tried the more."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from infra.local import bridge
from infra.local.layout import ROOT
from shared import wiring
from shared.decision import Decision
from shared.decisions import TOPIC
from shared.events.event import Event, encode_event
from shared.models.artifact import unpack_model
from shared.models.exploration import ExplorationModel
from shared.models.facts import ItemFacts, encode_facts
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.lanes import Delivery
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.ports import Message
from tests.functions.conftest import Serve
from tests.functions.test_recommend import ITEMS, URL, publish

ASKED = 60
LIKED = "i2"


async def read(queue: EmbeddedTopics) -> list[Message]:
    """All decisions."""
    found: list[Message] = []
    are_all_there = asyncio.Event()

    async def keep(chunk: Sequence[Delivery]) -> list[bool]:
        found.extend(delivery.message for delivery in chunk)
        if len(found) == ASKED:
            are_all_there.set()
        return [True] * len(chunk)

    consuming = asyncio.create_task(queue.consume("kept", keep))
    await asyncio.wait_for(are_all_there.wait(), 20)
    await queue.drain()
    await consuming
    return found


def seen(decision: Decision, at: datetime) -> list[Event]:
    """Everything was seen, and of it people met one item alone."""
    ids = [item.item_id for item in decision.items]
    acts = [("impression", tuple(ids)), *([("click", (LIKED,))] if LIKED in ids and decision.n > 1 else [])]
    return [
        Event(
            event_id=f"{decision.decision_id} {kind}",
            kind=kind,  # type: ignore[arg-type]
            occurred_at=at,
            user_id=decision.user_id,
            item_ids=items,
            decision_id=decision.decision_id,
        )
        for kind, items in acts
    ]


async def test_what_people_meet_is_tried_more_often(
    serve: Serve, documents: EmbeddedDocuments, queue: EmbeddedTopics
) -> None:
    queue.declare(TOPIC, "kept")
    await publish(documents)
    warehouse = wiring.warehouse(wiring.settings())
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    async with serve("recommend") as client:
        asks = (f"{URL}?user_id=u{number}&n={4 + number % 3}" for number in range(ASKED))
        await asyncio.gather(*map(client.get, asks))
    messages = await read(queue)
    assert bridge.append(warehouse, TOPIC, messages) == []
    now = datetime.now(UTC)
    decisions = [msgspec.json.decode(message.data, type=Decision) for message in messages]
    events = [event for decision in decisions for event in seen(decision, now)]
    facts = [ItemFacts(item_id=item, stated_at=now, name=item) for item in ITEMS]
    warehouse.append("events", [bridge.to_row(encode_event(event)) for event in events])
    warehouse.append("items", [bridge.to_row(encode_facts(one)) for one in facts])
    async with serve("retrain") as client:
        order = {"models": ["exploration"], "cutoff": (now + timedelta(seconds=1)).isoformat()}
        [told] = (await client.post("/v1/retrain", json=order)).json()["models"].values()
    assert (told["status"], told["met"]) == ("published", ASKED)
    document = await documents.get("models", f"exploration@{told['version']}")
    assert document
    pool = unpack_model(document.fields, ExplorationModel).pool("home")
    assert pool.items[0][0] == LIKED
    assert pool.items[0][1] > 0.9
    wiring.settings.cache_clear()
    async with serve("recommend") as client:
        answer = (await client.get(URL, params={"user_id": "u1", "n": 1})).json()
    assert answer["model_versions"]["exploration"] == told["version"]
    [shown] = answer["items"]
    assert shown["probability"] < 1.0
