"""The blend: weights are those that make what was chosen likeliest, and nothing is known before its time."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.models.artifact import unpack_model
from shared.models.blend import CONTEXTS, SOURCES, BlendModel
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import blend, strength
from training.choice import LEAST, fit_weights
from training.results import Fitted, Refused
from training.tables import write_kinds
from training.walks import Pool

SETTINGS = Settings()
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=30)


def pools(weights: Sequence[float], n: int, seed: int = 1) -> list[Pool]:
    """Choices among eight by people whose weights these are."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        scores = draw.random((8, len(weights)))
        likely = np.exp(scores @ np.array(weights))
        found.append(Pool(scores, int(draw.choice(8, p=likely / likely.sum()))))
    return found


def test_weights_are_found_again() -> None:
    told = [4.0, 1.0, 2.0]
    assert fit_weights(pools(told, 6_000), np.ones(3), 1.0) == pytest.approx(told, abs=0.2)


def test_what_says_nothing_is_quiet_but_never_silent() -> None:
    assert fit_weights(pools([3.0, -2.0], 2_000), np.ones(2), 0.1)[1] == LEAST


def test_without_choices_the_prior_stays() -> None:
    prior = np.array([1.0, 2.0])
    assert fit_weights([Pool(np.ones((3, 2)), -1)], prior, 1.0) == pytest.approx(prior)


@budget(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.1, 5.0), min_size=2, max_size=4), st.integers(0, 99))
def test_no_step_from_the_weights_is_better(weights: list[float], seed: int) -> None:
    some, prior = pools(weights, 60, seed), np.ones(len(weights))
    found = fit_weights(some, prior, 2.0)

    def worth(w: np.ndarray) -> float:
        chosen = sum(pool.scores[pool.target] @ w - np.log(np.exp(pool.scores @ w).sum()) for pool in some)
        return float(chosen - ((w - prior) ** 2).sum())

    for column in range(len(weights)):
        for step in (0.01, -0.01):
            other = found.copy()
            other[column] = max(LEAST, other[column] + step)
            assert worth(other) <= worth(found) + 1e-6


@pytest.mark.parametrize(("target", "place"), [(0, 1), (1, 2), (2, 3), (-1, None)])
def test_gain_is_by_place_ties_by_item(target: int, place: int | None) -> None:
    pool = Pool(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.0]]), target)
    assert strength.gain(pool, np.array([1.0, 1.0])) == (0.0 if place is None else 1 / np.log2(1 + place))


@pytest.fixture(scope="module")
def warehouse(embedded: Warehouse) -> Warehouse:
    return embedded


def shop(returning: bool, people: int = 120) -> list[Event]:
    """People of two tastes go through their own items in order; where they return, they go to and fro between two."""
    draw, events = random.Random(3), []
    for person in range(people):
        start = draw.randrange(12)
        for act in range(8):
            item = start + (act % 2 if returning else act)
            events.append(
                Event(
                    event_id=f"{person}-{act}",
                    kind="item_view",
                    occurred_at=START + timedelta(hours=5 * person, minutes=act),
                    user_id=f"u{person}",
                    item_ids=(f"{'ab'[person % 2]}{item % 12}",),
                    category="ab"[person % 2],
                )
            )
    return events


def learned(warehouse: Warehouse, events: Sequence[Event]) -> tuple[BlendModel, Fitted]:
    write_kinds(warehouse, SETTINGS)
    warehouse.run("DELETE FROM events WHERE TRUE")
    warehouse.append("events", [to_row(encode_event(event)) for event in events])
    result = blend.fit(warehouse, CUTOFF, SETTINGS)
    assert isinstance(result, Fitted)
    [(_, documents)] = result.documents()
    [fields] = documents.values()
    return unpack_model(fields, BlendModel), result


@pytest.mark.parametrize("returning", [False, True])
def test_whether_people_return_is_learned(warehouse: Warehouse, returning: bool) -> None:
    model, result = learned(warehouse, shop(returning))
    assert model.may_return is returning
    assert result.facts["next_items"] == 30 * 7
    assert model.shares.keys() == set(CONTEXTS)
    for shares in model.shares.values():
        assert shares.keys() == set(SOURCES)
        assert min(share for source, share in shares.items() if source not in ("persona", "sessions")) > 0
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-3)
    shares = model.shares["visit"]
    assert shares["next"] > shares["popularity"]
    if returning:
        assert max(shares, key=shares.__getitem__) == "return"


def test_the_same_log_in_any_order_makes_the_same_blend(warehouse: Warehouse) -> None:
    events = shop(returning=False)
    shuffled = random.Random(5).sample(events, len(events))
    times = (CUTOFF + timedelta(minutes=n) for n in range(1, 20))
    later = [Event(event_id=f"l{at}", kind="item_view", occurred_at=at, user_id="u1", item_ids=("a1",)) for at in times]
    assert learned(warehouse, shuffled + later)[1].version == learned(warehouse, events)[1].version


def test_too_little_is_refused(warehouse: Warehouse) -> None:
    write_kinds(warehouse, SETTINGS)
    warehouse.run("DELETE FROM events WHERE TRUE")
    assert blend.fit(warehouse, CUTOFF, SETTINGS) == Refused("too few visits to learn from")
    warehouse.append("events", [to_row(encode_event(event)) for event in shop(returning=False, people=16)])
    found = blend.fit(warehouse, CUTOFF, SETTINGS)
    assert isinstance(found, Refused)
    assert found.reason == "28 next items to learn from, 30 are needed"
