"""The record of a decision: bounded, and a row of its table as it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local import bridge
from infra.local.layout import ROOT
from shared.decision import MOST_BYTES, MOST_CANDIDATES, Considered, Decision, Shown, encode_decision
from shared.sql import JSON_COLUMNS
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make(items: int = 3, candidates: int = 20, width: int = 1, **more: Any) -> Decision:
    """A decision whose items have ids of about so many characters."""
    ids = [f"i{number}".ljust(width, "é") for number in range(max(items, candidates))]
    return Decision(
        decision_id="d1",
        decided_at=NOW,
        persona="newcomer",
        context="home",
        strategy="blend",
        n=items,
        features={"anchors": dict.fromkeys(ids[:40], 0.5)},
        candidates=tuple(Considered(item_id, 0.5, "next") for item_id in ids[:candidates]),
        items=tuple(
            Shown(item_id=one, place=at, score=0.5, source="next", reason=f"because you viewed {one}", probability=0.25)
            for at, one in enumerate(ids[:items], start=1)
        ),
        degraded=False,
        **more,
    )


@settings(deadline=None)
@given(st.integers(0, 100), st.integers(0, 300), st.integers(1, 240), st.text(max_size=2_000))
def test_a_record_is_bounded_and_keeps_what_was_shown(items: int, candidates: int, width: int, page: str) -> None:
    decision = make(items, candidates, width, page=page, trace="t")
    data = encode_decision(decision)
    found = msgspec.json.decode(data, type=Decision)
    assert len(data) <= MOST_BYTES
    assert found.candidates == decision.candidates[: len(found.candidates)]
    assert len(found.candidates) <= MOST_CANDIDATES
    assert [(one.item_id, one.place, one.probability) for one in found.items] == [
        (one.item_id, one.place, one.probability) for one in decision.items
    ]
    if width < 30:
        assert found == msgspec.structs.replace(decision, candidates=decision.candidates[:MOST_CANDIDATES])


@pytest.mark.parametrize("decision", [make(), make(0, 0), make(arm="b", trace="t/1")])
def test_a_record_is_a_row(decision: Decision, tmp_path: Path) -> None:
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    warehouse.run((ROOT / "infra/sql/tables.sql").read_text())
    assert bridge.append(warehouse, "decisions", [Message(encode_decision(decision))]) == []
    [row] = warehouse.query("SELECT * FROM decisions").to_pylist()
    warehouse.close()
    for name in JSON_COLUMNS:
        if row.get(name) is not None:
            row[name] = msgspec.json.decode(row[name])
    told = {name: value for name, value in row.items() if value is not None}
    assert msgspec.convert(told, Decision) == decision
