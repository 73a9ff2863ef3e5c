"""Which learner is published: by later moments, and then by what it adds to the blend."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from infra.local.bridge import to_row
from shared.events.event import Event, encode_event
from shared.models.blend import CONTEXTS, SOURCES, BlendModel
from shared.models.candidates import unpack_candidates
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training import neighbours
from training.collaborative import choose as choosing
from training.collaborative.challengers import CHALLENGERS, ITEM_KNN
from training.collaborative.choose import UNTRIED, Choice, Pick, choose
from training.collaborative.compare import POPULARITY, Row, best_learner, best_served
from training.collaborative.matrix import read_matrix
from training.job import train
from training.results import Fitted, Model, Refused, Trained
from training.rivals import hold
from training.tables import write_kinds
from training.walks import Moment, Pool

SETTINGS = Settings()
QUICK = Settings(challengers="EASE^R,user-kNN")
START = datetime(2026, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=30)


def club(people: int = 90) -> Iterator[Event]:
    """People of three tastes; everybody also meets what is popular with all."""
    draw = random.Random(2)
    for person in range(people):
        taste, start = person % 3, START + timedelta(hours=7 * person)
        for act in range(9):
            item = f"hit{draw.randrange(4)}" if act % 3 == 2 else f"{'abc'[taste]}{draw.randrange(14):02}"
            yield Event(
                event_id=f"{person}-{act}",
                kind="item_view",
                occurred_at=start + timedelta(minutes=act),
                user_id=f"u{person:02}",
                item_ids=(item,),
            )


@pytest.fixture(scope="module")
def warehouse(embedded: Warehouse) -> Warehouse:
    write_kinds(embedded, SETTINGS)
    embedded.append("events", [to_row(encode_event(event)) for event in club()])
    return embedded


@pytest.fixture(scope="module")
def choice(warehouse: Warehouse) -> Choice:
    return choose(warehouse, CUTOFF, SETTINGS)


def test_every_learner_is_told_of_with_its_interval(choice: Choice) -> None:
    figures = choice.facts["figures"]
    assert isinstance(figures, dict)
    assert figures.keys() == {POPULARITY, ITEM_KNN, *CHALLENGERS}
    for name, told in figures.items():
        assert (choosing.SERVED in told) is (name not in (POPULARITY, "user-kNN"))
        assert all(0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1 for figure in told.values())
    alike = figures[ITEM_KNN]
    assert alike[choosing.ITSELF] == alike[choosing.SERVED]
    assert choice.facts["neighbours_by"] == choice.served.name
    settings = choice.facts["settings"]
    assert isinstance(settings, dict)
    assert all(settings[name] in CHALLENGERS[name].grid for name in CHALLENGERS)


def test_the_best_learner_makes_the_candidates(choice: Choice) -> None:
    figures = choice.facts["figures"]
    assert isinstance(figures, dict)
    best = max(figures, key=lambda name: figures[name][choosing.ITSELF]["value"])
    assert choice.nightly
    assert choice.nightly.name == best == choice.facts["candidates_by"]


def test_the_same_log_gives_the_same_choice(warehouse: Warehouse, choice: Choice) -> None:
    assert choose(warehouse, CUTOFF, SETTINGS) == choice


def test_learners_are_compared_on_what_came_later(choice: Choice) -> None:
    """Those who know the tastes rank better than popularity."""
    figures = choice.facts["figures"]
    assert isinstance(figures, dict)
    value = {name: told[choosing.ITSELF]["value"] for name, told in figures.items()}
    assert min(value[name] for name in (ITEM_KNN, "EASE^R", "user-kNN", "ALS")) > value[POPULARITY]


def test_nothing_after_the_cutoff_is_seen(warehouse: Warehouse) -> None:
    before = choose(warehouse, START + timedelta(days=20), QUICK)
    late = [
        Event(
            event_id=f"late{n}",
            kind="purchase",
            occurred_at=START + timedelta(days=21),
            user_id=f"u{n:02}",
            item_ids=("b03",),
        )
        for n in range(90)
    ]
    warehouse.append("events", [to_row(encode_event(event)) for event in late])
    assert choose(warehouse, START + timedelta(days=20), QUICK) == before
    warehouse.run("DELETE FROM events WHERE event_id LIKE 'late%'")


def test_without_challengers_or_moments_item_knn_stays(warehouse: Warehouse) -> None:
    assert choose(warehouse, CUTOFF, Settings(challengers="")) == Choice(UNTRIED, UNTRIED, {})
    early = choose(warehouse, START + timedelta(days=2), SETTINGS)
    assert (early.served, early.nightly) == (UNTRIED, UNTRIED)
    assert "are needed" in str(early.facts["compared_on"])


def test_only_those_asked_for_are_tried_and_none_once_it_is_late(warehouse: Warehouse) -> None:
    some = choose(warehouse, CUTOFF, Settings(challengers="user-kNN, EASE^R"))
    figures = some.facts["figures"]
    assert isinstance(figures, dict)
    assert figures.keys() == {POPULARITY, ITEM_KNN, "user-kNN", "EASE^R"}
    late = choose(warehouse, CUTOFF, Settings(train_minutes=1e-9))
    assert late.served.name == ITEM_KNN
    assert late.facts["not_compared"] == dict.fromkeys(CHALLENGERS, "there was no time left")


def test_a_challenger_is_published_only_if_it_is_better_by_more_than_its_standard_error() -> None:
    draw, people = np.random.default_rng(1), np.arange(400)
    base = draw.random(400)
    rows = {
        POPULARITY: Row({}, base - 0.5),
        ITEM_KNN: Row({}, base, base),
        "luck": Row({}, base + 1, base + draw.normal(0.001, 1.0, 400)),
        "better": Row({}, base, base + 0.05),
        "user-kNN": Row({}, base + 2),
    }
    assert best_served(rows, people) == "better"
    del rows["better"]
    assert best_served(rows, people) == ITEM_KNN
    assert best_learner(rows) == "user-kNN"
    assert best_learner({POPULARITY: Row({}, base), ITEM_KNN: Row({}, base - 0.1, base)}) is None


def test_a_challenger_that_is_too_large_is_left_out(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.collaborative.ease.LARGEST", 10)
    found = choose(warehouse, CUTOFF, Settings(challengers="EASE^R"))
    assert "it asks for 10 of either" in str(found.facts["not_compared"])


def moments(place: int) -> list[Moment]:
    """Moments whose item stands at this place by the neighbours, of five."""
    scores = np.zeros((5, len(SOURCES)))
    scores[:, SOURCES.index("neighbours")] = [1.0, 0.8, 0.6, 0.4, 0.2]
    return [Moment("visit", {False: Pool(scores, place), True: Pool(scores, place)})] * 50


def test_the_blend_has_the_last_word() -> None:
    shares = {context: dict.fromkeys(SOURCES, 1 / len(SOURCES)) for context in CONTEXTS}
    model, usual = BlendModel("new", shares, False), BlendModel("usual", shares, False)
    rival = Choice(Pick("EASE^R", {"regularization": 5}), None, {})
    kept, facts = hold(moments(0), (model, {"n": 1}), moments(1), (usual, {"n": 2}), rival)
    assert (kept.version, facts["n"], facts["neighbours_by"]) == ("new", 1, "EASE^R")
    for place in (1, 2):
        kept, facts = hold(moments(place), (model, {"n": 1}), moments(1), (usual, {"n": 2}), rival)
        assert (kept.version, facts["n"], facts["neighbours_by"]) == ("usual", 2, ITEM_KNN)


@pytest.mark.parametrize("said", [ITEM_KNN, "EASE^R"])
def test_neighbours_are_made_as_the_blend_has_decided(said: str) -> None:
    facts: dict[str, object] = {
        "neighbours_by": "EASE^R",
        "candidates_by": "ALS",
        "settings": {"ALS": {"alpha": 4}},
        "people": 7,
    }
    trained: dict[Model, Trained] = {
        "neighbours": Trained(Fitted("v", lambda: iter(()), facts), 0.1),
        "blend": Trained(Fitted("v", lambda: iter(()), {"neighbours_by": said}), 0.1),
    }
    found = neighbours.revised(trained)
    if said == "EASE^R":
        assert found is None
    else:
        assert found
        assert (found.served, found.nightly) == (UNTRIED, Pick("ALS", {"alpha": 4}))
        assert found.facts == {"neighbours_by": ITEM_KNN, "candidates_by": "ALS", "settings": {"ALS": {"alpha": 4}}}
    assert neighbours.revised({"neighbours": trained["neighbours"]}) is None


def test_a_training_has_relations_and_candidates_of_what_was_chosen(warehouse: Warehouse) -> None:
    trained = train(warehouse, ("neighbours", "popularity", "blend"), CUTOFF, QUICK)
    result, blend = trained["neighbours"].result, trained["blend"].result
    assert not isinstance(result, Refused)
    assert not isinstance(blend, Refused)
    assert result.candidates
    assert blend.facts.get("neighbours_by", result.facts["neighbours_by"]) == result.facts["neighbours_by"]
    made = {person: unpack_candidates({"items": packed}) for person, packed in result.candidates()}
    matrix = read_matrix(warehouse, CUTOFF, SETTINGS)
    assert made.keys() == set(matrix.people)
    liked = {
        person: {matrix.item_ids[c] for c in matrix.weights[row].indices} for row, person in enumerate(matrix.people)
    }
    for person, ranking in made.items():
        taste = "abc"[int(person[3:]) % 3]
        assert not liked[person] & {item for item, _ in ranking}
        assert sum(item[0] in (taste, "h") for item, _ in ranking[:5]) >= 3
        assert ranking[0][1] == 1.0
    assert dict(result.candidates()) == dict(result.candidates())
