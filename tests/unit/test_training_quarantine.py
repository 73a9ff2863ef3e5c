"""Who is left out of training, on both warehouses."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.bridge import to_row
from infra.local.inputs.simulate.bots import CRAWLER
from shared.events.event import Context, Event, encode_event
from shared.profiles.profile import to_ms
from shared.profiles.standing import Link, Quarantine, Standing
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import quarantine
from training.quarantine import write_quarantined
from training.queries import select, terms
from training.tables import write_kinds

START = datetime(2026, 1, 1, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
BAD = Quarantine(0, 3, [], "score")
ODD = "o'neil\"\\' OR 1=1 -- \n\t` é 😀 %s {x}"
"""An id that would break out of a literal."""


@pytest.fixture(scope="module", params=["embedded", "bigquery"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(request.param)
    write_kinds(found, Settings())
    return found


def view(event_id: str, user_id: str | None, device: str | None = None, minute: int = 0, agent: str = CHROME) -> Event:
    return Event(
        event_id=event_id,
        kind="item_view",
        occurred_at=START + timedelta(minutes=minute),
        user_id=user_id,
        anonymous_id=device,
        item_ids=("hat",),
        context=Context(user_agent=agent, source="api"),
    )


def learned(warehouse: Warehouse, events: Sequence[Event]) -> list[str]:
    """The events that training would see."""
    warehouse.run("DELETE FROM events WHERE TRUE")
    warehouse.append("events", [to_row(encode_event(event)) for event in events])
    rows = select(warehouse, "events_unique", terms(START + timedelta(days=1), Settings())).to_pylist()
    return sorted(row["event_id"] for row in rows)


def test_who_is_in_quarantine_is_left_out_with_their_devices(warehouse: Warehouse) -> None:
    events = [
        view("1", "ann"),
        view("2", "bot"),
        view("3", None, "bots-phone", minute=9),
        view("4", None, "shared", minute=4),
        view("5", None, "shared", minute=5),
        view("6", None, "bot"),
        view("7", "ann", "bots-phone"),
        view("8", ODD),
    ]
    links = {"bots-phone": Link(0), "shared": Link(0, until_ms=to_ms(START + timedelta(minutes=5)))}
    left_out = write_quarantined(
        warehouse, {"u:bot": Standing(merged=links, quarantine=BAD), f"u:{ODD}": Standing(quarantine=BAD)}
    )
    assert left_out["people"] == 2
    assert learned(warehouse, events) == ["1", "5", "6", "7"]
    write_quarantined(warehouse, {})
    assert learned(warehouse, events) == [event.event_id for event in events]


def test_many_are_written_in_pieces(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "ROWS", 3)
    write_quarantined(warehouse, {f"u:bot{n}": Standing(quarantine=BAD) for n in range(8)})
    assert learned(warehouse, [view(str(n), f"bot{n}") for n in range(9)]) == ["8"]


def test_ids_that_a_crawler_used_once_are_left_out(warehouse: Warehouse) -> None:
    events = [
        view("once", None, "r1", agent=CRAWLER),
        view("bounced", None, "r2"),
        view("twice-1", None, "r3", agent=CRAWLER),
        view("twice-2", None, "r3", agent=CRAWLER, minute=1),
        view("known", "ann", "r4", agent=CRAWLER),
    ]
    write_quarantined(warehouse, {})
    learned(warehouse, events)
    left_out = write_quarantined(warehouse, {})
    assert left_out == {"people": 0, "one_hit_crawlers": 1, "look_like_rotation": []}
    assert learned(warehouse, events) == ["bounced", "known", "twice-1", "twice-2"]


def test_an_agent_whose_ids_are_nearly_all_seen_once_is_told(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "ROTATING_IDS", 19)
    write_quarantined(warehouse, {})
    rotating = [view(f"r{n}", None, f"r{n}", agent="Odd/1.0") for n in range(19)]
    loyal = [view(f"l{n}", None, "loyal", agent="Odd/1.0", minute=n) for n in range(5)]
    bouncing = [view(f"b{n}", None, f"b{n}") for n in range(19)]
    learned(warehouse, [*rotating, *loyal, *bouncing, *(view(f"c{n}", None, f"c{n % 2}") for n in range(4))])
    told = [{"user_agent": "Odd/1.0", "source": "api", "ids": 20, "one_hit": 19}]
    assert write_quarantined(warehouse, {})["look_like_rotation"] == told
