"""What recommend logs is a row of the table, and says of each item how probable it was to be shown."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.local import bridge
from infra.local.layout import ROOT
from shared.decision import Decision
from shared.decisions import TOPIC
from shared.models.artifact import pack_model
from shared.models.exploration import ExplorationModel, Pool
from shared.sql import JSON_COLUMNS
from shared.stores.embedded.documents import EmbeddedDocuments
from shared.stores.embedded.queue import EmbeddedTopics
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Message
from tests.functions.conftest import Serve
from tests.functions.test_collect import take_one
from tests.functions.test_recommend import URL, make, publish, store

NEW = ("n1", "n2", "n3")


@pytest.fixture
def warehouse(tmp_path: Path) -> EmbeddedWarehouse:
    opened = EmbeddedWarehouse(tmp_path / "log.duckdb")
    opened.run((ROOT / "infra/sql/tables.sql").read_text())
    return opened


def row_of(message: Message, warehouse: EmbeddedWarehouse) -> Decision:
    """The decision, by way of the table."""
    assert bridge.append(warehouse, TOPIC, [message]) == []
    [row] = warehouse.query("SELECT * FROM decisions").to_pylist()
    told: dict[str, Any] = {name: value for name, value in row.items() if value is not None}
    told |= {name: msgspec.json.decode(told[name]) for name in JSON_COLUMNS if name in told}
    return msgspec.convert(told, Decision)


async def explore(documents: EmbeddedDocuments) -> None:
    """Publish what may be tried, beside the small world."""
    await publish(documents)
    model = ExplorationModel("x1", {}, Pool([("n1", 0.5), ("n2", 0.25), ("gone", 0.2)], 0.05), 1_000)
    key, fields = pack_model("exploration", "x1", model)
    await documents.merge("models", {key: fields, "current": {"exploration": "x1"}})
    await documents.merge("models", {"arrivals": {"items": {"n3": 2_000, "old": 1_000}}})
    await documents.merge("items", {item: {"item_id": item, "name": item} for item in (*NEW, "old")})


async def test_a_decision_says_all_that_was_shown_and_why(
    serve: Serve, documents: EmbeddedDocuments, queue: EmbeddedTopics, warehouse: EmbeddedWarehouse
) -> None:
    queue.declare(TOPIC, "inbox")
    await explore(documents)
    await store(documents, [make(1, "item_view", "i4")])
    ask = {"user_id": "ann", "page": "/x", "context": "cart", "slots": [{"name": "a", "n": 6}, {"name": "b", "n": 4}]}
    async with serve("recommend") as client:
        told = (await client.post(URL, json=ask)).json()
    decision = row_of(await take_one(queue), warehouse)
    assert (decision.decision_id, decision.user_id, decision.persona) == (told["decision_id"], "ann", told["persona"])
    assert (decision.context, decision.page, decision.n, decision.strategy) == ("cart", "/x", 10, "blend")
    assert decision.decided_at <= datetime.now(UTC)
    assert decision.features["anchors"] == {"i4": 1.0}
    assert (decision.features["context"], decision.features["profile"]["sessions"]) == ("cart", 1.0)
    assert decision.model_versions == told["model_versions"]
    assert decision.model_versions["exploration"] == "x1"
    assert [one.item_id for one in decision.items] == [item["item_id"] for item in told["items"]]
    assert [one.slot for one in decision.items] == ["a"] * 6 + ["b"] * 4
    *ranked, tried = decision.items
    assert {one.probability for one in ranked} == {1.0}
    expected = {"n1": 0.5 / 0.8, "n2": 0.25 / 0.8, "n3": 0.05 / 0.8}
    assert tried.probability == pytest.approx(expected[tried.item_id], abs=1e-9)
    assert (tried.source, tried.reason) == ("exploration", "worth a try")
    assert len(decision.candidates) == 11
    assert decision.candidates[0].source == "neighbours"
    assert {one.item_id for one in ranked} <= {one.item_id for one in decision.candidates}


async def test_a_preview_leaves_out_chance(serve: Serve, documents: EmbeddedDocuments) -> None:
    await explore(documents)
    rules = "rules: [{name: none, items: {item_id: nothing}, bury: 0.5}]"
    async with serve("recommend") as client:
        found = [
            (await client.post("/v1/rules/preview", json={"rules": rules, "people": [{"user_id": "bob"}]})).json()
            for _ in range(4)
        ]
    assert all(one == found[0] for one in found)
    [person] = found[0]["people"]
    assert person["before"] == person["after"] == [f"i{number}" for number in range(10)]
