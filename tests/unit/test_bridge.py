"""The bridge: rows arrive, and what does not fit its table holds up nobody."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.local import bridge
from infra.local.layout import ROOT
from shared.stores.embedded.warehouse import EmbeddedWarehouse
from shared.stores.ports import Message


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[EmbeddedWarehouse]:
    opened = EmbeddedWarehouse(tmp_path / "warehouse.duckdb")
    opened.run((ROOT / "infra/sql/tables.sql").read_text())
    yield opened
    opened.close()


def event(number: int, **more: object) -> Message:
    at = "2026-01-01T00:00:00Z"
    fields = {"event_id": f"e{number}", "kind": "click", "occurred_at": at, "received_at": at, "user_id": "ann"}
    return Message(msgspec.json.encode({**fields, "properties": {"n": [number]}, **more}), attributes={"kind": "click"})


def test_what_does_not_fit_becomes_a_dead_letter(warehouse: EmbeddedWarehouse) -> None:
    bad = [event(3, colour="red"), event(5, user_id=7), Message(b"\xff"), Message(b"[]")]
    messages = [event(1), bad[0], event(2), bad[1], bad[2], bad[3], event(4)]
    letters = bridge.append(warehouse, "events", messages)
    assert [letter.data for letter in letters] == [message.data for message in bad]
    for letter in letters:
        assert (letter.attributes["topic"], letter.attributes["function"]) == ("events", "events-to-warehouse")
        assert letter.attributes["reason"]
    rows = warehouse.query("SELECT event_id, JSON_VALUE(properties, '$.n[0]') AS n FROM events ORDER BY event_id")
    assert rows.to_pylist() == [{"event_id": f"e{number}", "n": str(number)} for number in (1, 2, 4)]
