"""The moments that learners are judged on: the SQL knows what the served code would, and nothing later."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.events.kinds import Kind
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import new_profile, to_ms
from shared.ranking.candidates import anchors
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.collaborative import moments
from training.collaborative.judge import gains
from training.collaborative.learner import NEVER
from training.collaborative.moments import Moments, read_moments
from training.queries import select, terms
from training.tables import write_kinds

SETTINGS = Settings()
START = datetime(2026, 1, 1, tzinfo=UTC)
EDGE = START + timedelta(days=10)
CUTOFF = START + timedelta(days=30)
KINDS: list[Kind] = ["item_view", "click", "add_to_cart", "purchase", "dismiss", "bookmark"]
IDS = [f"i{number:02}" for number in range(20)]


def log(people: int) -> Iterator[Event]:
    """People who come again on several days, some only before the edge and some only after it."""
    draw = random.Random(5)
    for person, visit in product(range(people), range(4)):
        start = START + timedelta(days=draw.randrange(0, 20), hours=person / 10)
        for act in range(draw.randrange(6)):
            yield Event(
                event_id=f"{person}-{visit}-{act}",
                kind=draw.choice(KINDS),
                occurred_at=start + timedelta(minutes=act, milliseconds=draw.randrange(999)),
                user_id=f"u{person:02}",
                item_ids=(draw.choice(IDS),),
            )


@pytest.fixture(scope="module")
def warehouse(embedded: Warehouse) -> Warehouse:
    write_kinds(embedded, SETTINGS)
    embedded.append("events", [to_row(encode_event(event)) for event in log(40)])
    return embedded


VALUES = {**terms(CUTOFF, SETTINGS), "edge_ms": to_ms(EDGE)}


def test_histories_are_what_the_profile_knew(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "MOMENTS_OF_ONE", 1)
    asked = select(warehouse, "moments", {**VALUES, "most": 1_000, "of_one": 1}).to_pylist()
    found = read_moments(warehouse, VALUES, IDS)
    row = 0
    for person, moment in ((moment["person"], moment) for moment in asked):
        own = sorted((event for event in log(40) if f"u:{event.user_id}" == person), key=lambda one: one.occurred_at)
        before = [event for event in own if to_ms(event.occurred_at) < moment["occurred_ms"]]
        assert own[len(before)].item_ids == (moment["item_id"],)
        assert own[len(before)].occurred_at >= EDGE
        profile = new_profile(SETTINGS.half_life)
        fold(profile, before, read_terms(SETTINGS))
        weights = {item: weight for item, weight in anchors(profile).items() if weight > 0}
        if not weights:
            continue
        assert IDS[found.targets[row]] == moment["item_id"]
        assert told(found.met[row]).keys() == {item_id for event in before for item_id in event.item_ids}
        assert relative(told(found.histories[row])) == pytest.approx(weights, abs=1e-3)
        row += 1
    assert row == len(found) > 25


def test_only_later_moments_that_are_new_to_the_person_are_asked_for(warehouse: Warehouse) -> None:
    asked = select(warehouse, "moments", {**VALUES, "most": 1_000, "of_one": 100}).to_pylist()
    assert len({(moment["person"], moment["item_id"]) for moment in asked}) == len(asked) > 60
    few = select(warehouse, "moments", {**VALUES, "most": 20, "of_one": 2}).to_pylist()
    assert len(few) == 20
    assert max(Counter(moment["person"] for moment in few).values()) == 2
    assert all(moment in asked for moment in few)


def told(row: csr_matrix) -> dict[str, float]:
    return {IDS[column]: value for column, value in zip(row.indices, row.data.tolist(), strict=True)}


def relative(values: dict[str, float]) -> dict[str, float]:
    return {item: value / max(values.values()) for item, value in values.items()}


def moments_of(targets: list[int], met: list[int]) -> Moments:
    """Moments of one person each, who have met these items."""
    shape = len(targets), 4
    known = csr_matrix((np.ones(len(targets)), (np.arange(len(targets)), met)), shape)
    return Moments(np.arange(len(targets)), np.array(targets), known, known)


def test_gains_are_by_place_ties_by_item_and_without_what_was_met() -> None:
    found = moments_of([0, 1, 2, 3, 1], [3, 3, 3, 0, 0])
    scores = np.array([1.0, 1.0, -2.0, NEVER], np.float32)
    told = gains(lambda histories: np.tile(scores, (histories.shape[0], 1)), found)
    assert told.tolist() == pytest.approx([1, 1 / np.log2(3), 0.5, 0, 1])


def test_what_stands_behind_ten_others_gains_nothing() -> None:
    whole = csr_matrix((np.ones(2), ([0, 1], [0, 0])), (2, 30))
    found = Moments(np.arange(2), np.array([10, 11]), whole, whole)
    scores = -np.arange(30, dtype=np.float32)
    told = gains(lambda histories: np.tile(scores, (histories.shape[0], 1)), found)
    assert told.tolist() == pytest.approx([1 / np.log2(11), 0])
