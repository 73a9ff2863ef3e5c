"""Personas: the nearest one, kept within a band; who changes is told once, with a cause."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import dist

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.models.personas import SHARE, WORDS, PersonaModel, decide, distances, persona_of, standardise
from shared.profiles.face import features
from shared.profiles.fold import fold, read_terms
from shared.profiles.persona import Cause, current, rests, settle
from shared.profiles.profile import Profile, new_profile
from shared.profiles.standing import NEWCOMER, Quarantine, Standing
from shared.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = read_terms(Settings())
FEATURES = list(WORDS)
SPACE = ("recency_days", "page_views", "active")


def make(centroids: list[list[float]], names: str = "abcdef", version: str = "1") -> PersonaModel:
    """A model whose space is the features as they are."""
    width = len(centroids[0])
    known = list(SPACE[:width])
    named = list(names[: len(centroids)])
    return PersonaModel(
        version, known, [False] * width, [0.0] * width, [1.0] * width, centroids, named, [1] * len(named)
    )


def at(*point: float) -> dict[str, float]:
    """Someone at this point."""
    return {"sessions": 1.0, **dict(zip(SPACE, point, strict=False))}


LINE = make([[0.0], [10.0]])
"""Persona a at no days since the last act, b at ten: a stays until 10 - x < 0.9 x, which is x > 5.263."""

RECENCY = PersonaModel("1", ["recency_days"], [False], [0.0], [1.0], [[0.0], [30.0]], ["regular", "disengaged"], [1, 1])


def test_the_nearest_decides_and_the_first_of_equals() -> None:
    assert [persona_of(LINE, at(x)) for x in (-1.0, 4.9, 5.0, 5.1)] == ["a", "a", "a", "b"]
    assert persona_of(None, at(1.0)) == NEWCOMER
    assert persona_of(LINE, at(1.0) | {"sessions": 0.0}) == NEWCOMER


def test_a_persona_stays_until_another_is_nearer_by_the_share() -> None:
    assert [decide(LINE, at(x), "a").persona for x in (5.1, 5.26, 5.27)] == ["a", "a", "b"]
    assert [decide(LINE, at(x), "b").persona for x in (4.9, 4.74, 4.73)] == ["b", "b", "a"]


def test_whoever_has_no_known_persona_gets_the_nearest() -> None:
    for unknown in (NEWCOMER, "retired"):
        assert [decide(LINE, at(x), unknown).persona for x in (4.9, 5.1)] == ["a", "b"]


def test_without_a_model_nothing_changes_and_without_a_session_all_are_new() -> None:
    assert decide(None, at(1.0), "a").persona == "a"
    assert decide(None, at(1.0), NEWCOMER).persona == NEWCOMER
    assert decide(LINE, at(1.0) | {"sessions": 0.0}, "a").persona == NEWCOMER


def test_a_verdict_says_how_near_and_how_clear() -> None:
    verdict = decide(LINE, at(2.0), "a")
    assert (verdict.distance, verdict.margin, verdict.why) == (2.0, 0.75, ())
    assert decide(LINE, at(5.0), "a").margin == 0
    assert decide(make([[3.0]]), at(2.0), NEWCOMER).margin == 1


def test_a_change_names_the_features_that_moved_it_most_first() -> None:
    model = make([[0.0, 0.0, 0.0], [9.0, 1.0, 0.5], [20.0, 20.0, 20.0]])
    days, pages, active = "8.0 days since the last act", "2 pages", "40% of acts active"
    assert decide(model, at(8.0, 2.0, 0.4), "a").why == [days, pages, active]
    assert decide(model, at(8.0, 2.0, 0.0), "a").why == [days, pages]
    assert decide(model, at(8.0, 2.0, 0.0), "retired").why == [days, pages]


coordinates = st.floats(-20, 20)
points = st.tuples(coordinates, coordinates)
models = st.lists(points, min_size=2, max_size=6, unique=True).map(lambda rows: make([list(row) for row in rows]))


@given(models, points, st.sampled_from("abcdef?"))
def test_deciding_again_decides_the_same(model: PersonaModel, point: tuple[float, float], before: str) -> None:
    first = decide(model, at(*point), before)
    assert decide(model, at(*point), before) == first
    assert decide(model, at(*point), first.persona).persona == first.persona


@given(models, st.data())
def test_whoever_arrives_changes(model: PersonaModel, data: st.DataObject) -> None:
    """The band never holds anybody back for good: at a centroid its persona is the only one."""
    index = data.draw(st.integers(0, len(model.names) - 1))
    before = data.draw(st.sampled_from([*model.names, "retired"]))
    assume(all(dist(row, model.centroids[index]) for row in model.centroids if row is not model.centroids[index]))
    assert decide(model, at(*model.centroids[index]), before).persona == model.names[index]


@given(models, st.lists(st.floats(0.48, 0.52), min_size=2, max_size=20), st.data())
def test_to_and_fro_within_the_band_changes_once_at_most(
    model: PersonaModel, path: list[float], data: st.DataObject
) -> None:
    """The band of some personas: where they are the nearest, and none of them is nearer by the share."""

    def near(point: list[float]) -> list[str]:
        found = distances(model, standardise(model, at(*point)))
        return [name for name, far in zip(model.names, found, strict=True) if (1 - SHARE) * far <= min(found)]

    one, other = data.draw(st.permutations(model.centroids))[:2]
    between = [[x + share * (y - x) for x, y in zip(one, other, strict=True)] for share in path]
    inside = [point for point in between if near(point) == near(between[0])]
    told = [data.draw(st.sampled_from([*model.names, "retired"]))]
    for point in [*inside, *reversed(inside)] * 2:
        told.append(decide(model, at(*point), told[-1]).persona)
    assert sum(before != after for before, after in pairwise(told)) <= 1


@given(st.lists(st.floats(4.75, 5.25), max_size=30), st.sampled_from("ab"))
def test_nobody_flickers_at_the_border(path: list[float], before: str) -> None:
    """The nearest centroid alone would change at each crossing of 5."""
    assert {decide(LINE, at(x), before).persona for x in path} <= {before}


@given(models, points, points, st.sampled_from("abcdef?"))
def test_the_least_way_between_two_changes(
    model: PersonaModel, one: tuple[float, float], other: tuple[float, float], before: str
) -> None:
    first = decide(model, at(*one), before)
    assume(first.persona != before)
    if decide(model, at(*other), first.persona).persona != first.persona:
        assert dist(one, other) >= first.distance * SHARE / (2 - SHARE) - 1e-9


def visitor(days_ago: float, visits: int = 1) -> Profile:
    """Someone whose last visit was so long before NOW."""
    profile = new_profile(Settings().half_life)
    times = [NOW - timedelta(days=days_ago, hours=hours) for hours in range(visits)]
    events = [Event(event_id=f"{at}", kind="page_view", occurred_at=at, user_id="ann") for at in times]
    fold(profile, events, TERMS)
    return profile


def decided(standing: Standing, profile: Profile, why: Cause, model: PersonaModel | None = RECENCY) -> Standing:
    settle(standing, profile, "u:ann", why, model, NOW, TERMS)
    return standing


def test_a_change_is_noted_once() -> None:
    standing = decided(Standing(), visitor(0), "event")
    assert (standing.persona, standing.persona_changes, standing.persona_ms) == ("regular", 1, 1767225600000)
    [note] = standing.outbox
    assert (note.topic, note.attributes) == (
        "persona-changes",
        {"from": "newcomer", "to": "regular", "cause": "event", "advertising": "no"},
    )
    assert msgspec.json.decode(note.data) == {
        "change_id": note.id,
        "user_id": "ann",
        "user": "u:ann",
        "from": "newcomer",
        "to": "regular",
        "why": {"cause": "event", "features": ["0.0 days since the last act"], "margin": 1.0},
        "at": "2026-01-01T00:00:00Z",
    }
    assert decided(standing, visitor(1), "event").outbox == [note]


def test_devices_are_told_by_their_own_id() -> None:
    standing = Standing()
    settle(standing, visitor(0), "a:de:vice", "event", RECENCY, NOW, TERMS)
    change = msgspec.json.decode(standing.outbox[0].data)
    assert (change["anonymous_id"], change["user"], "user_id" in change) == ("de:vice", "a:de:vice", False)


def test_each_change_has_an_id_of_its_own_and_the_same_each_time_it_is_made() -> None:
    def live(erased_ms: int = 0) -> list[str]:
        standing = Standing(erased_ms=erased_ms)
        for days in (0, 40, 0):
            decided(standing, visitor(days), "event")
        return [note.id for note in standing.outbox]

    assert live() == live()
    assert len(set(live() + live(erased_ms=5))) == 6


@pytest.mark.parametrize(
    ("standing", "why", "cause"),
    [
        (Standing(), "event", "event"),
        (Standing(persona="regular", persona_ms=1), "silence", "silence"),
        (Standing(), "silence", "model"),  # a newcomer of some visits: the first model has come
        (Standing(persona="retired"), "event", "model"),
        (Standing(persona="retired"), "silence", "model"),
    ],
)
def test_the_cause(standing: Standing, why: Cause, cause: str) -> None:
    [note] = decided(standing, visitor(40), why).outbox
    assert (note.attributes["to"], note.attributes["cause"]) == ("disengaged", cause)


def test_a_new_model_is_not_taken_for_silence() -> None:
    """It moved the border from 15 days to five; who had been away for ten when last decided is not newly silent."""
    moved = msgspec.structs.replace(RECENCY, centroids=[[0.0], [10.0]])
    ten_days_ago = visitor(10)
    told_then = Standing(persona="regular", persona_ms=ten_days_ago.last_ms + 9 * 86_400_000)
    [note] = decided(told_then, ten_days_ago, "silence", moved).outbox
    assert note.attributes == {"from": "regular", "to": "disengaged", "cause": "model", "advertising": "no"}


@pytest.mark.parametrize(
    "standing",
    [
        Standing(quarantine=Quarantine(1, 9.0, [], "score")),
        Standing(erased_ms=visitor(39).last_ms),
        Standing(claims={"ann": 1}),
    ],
)
def test_nothing_is_decided_of_what_rests(standing: Standing) -> None:
    assert rests(standing, visitor(40))
    decided(standing, visitor(40), "event")
    assert (standing.persona, standing.persona_changes, standing.outbox) == (NEWCOMER, 0, [])


def test_whoever_comes_back_and_a_shared_device_are_people_again() -> None:
    for standing in (Standing(erased_ms=visitor(39).last_ms), Standing(claims={"ann": 1, "bob": 2})):
        assert not rests(standing, visitor(1))
        assert decided(standing, visitor(1), "event").persona == "regular"


@given(st.floats(0, 60), st.sampled_from(["newcomer", "regular", "disengaged", "retired"]))
def test_readers_see_what_a_write_would_decide(days: float, before: str) -> None:
    profile, standing = visitor(days), Standing(persona=before)
    told = current(standing, RECENCY, features(profile, NOW, TERMS.session_cap_ms))
    assert (standing.persona, standing.outbox) == (before, [])
    assert decided(standing, profile, "event").persona == told


def test_every_feature_has_words() -> None:
    assert list(features(visitor(1), NOW, TERMS.session_cap_ms)) == FEATURES
