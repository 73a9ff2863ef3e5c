"""Sessions in any order of arrival are those of a pass over sorted acts."""

import random
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.kinds import weigh
from shared.profiles.face import face, summarise
from shared.profiles.fold import NO_ACTS, fold, is_allowed
from shared.profiles.profile import CAPS, to_ms
from shared.profiles.sessions import RETURN_MS, Sessions
from tests.unit.people import SETTINGS, TERMS, events_of_one, folded, make


def sessions_in_order(events: list[Event]) -> Sessions:
    """What somebody counts who sees the acts one after the other: cut by silence, classed by the most engaged act."""
    acts = [(to_ms(event.occurred_at), event.kind, engagement) for event in events if (engagement := engaged(event))]
    runs: list[list[tuple[int, str, str]]] = []
    for act in sorted(acts):
        if runs and act[0] - runs[-1][-1][0] < TERMS.session_gap_ms:
            runs[-1].append(act)
        else:
            runs.append([act])
    total = Sessions()
    for number, run in enumerate(runs):
        length = run[-1][0] - run[0][0]
        parts = 1 + length // TERMS.session_cap_ms
        kinds, classes = [kind for _, kind, _ in run], {engagement for _, _, engagement in run}
        pages = max(kinds.count("page_view"), kinds.count("item_view"))
        bounced = pages == 1 and set(kinds) <= NO_ACTS
        high, active = "high_intent" in classes, "active" in classes and "high_intent" not in classes
        back = number > 0 and run[0][0] - runs[number - 1][-1][0] <= RETURN_MS
        one = Sessions(parts, length, pages, int(bounced), high * parts, active * parts, parts - 1 + back)
        total = Sessions(*(mine + theirs for mine, theirs in zip(total, one, strict=True)))
    return total


def engaged(event: Event) -> str | None:
    _, engagement = weigh(event.kind, event.dwell_s, duration_s=event.duration_s)
    return engagement if engagement != "none" and is_allowed(event, TERMS) else None


@given(events_of_one, st.randoms(use_true_random=False))
def test_sessions_equal_a_pass_over_sorted_acts(events: list[Event], rng: random.Random) -> None:
    shuffled = rng.sample(events, len(events))
    assert summarise(folded(shuffled), TERMS.session_cap_ms) == sessions_in_order(events)


@given(st.integers(0, 2**32), st.integers(60, 200))
def test_sums_of_closed_sessions_keep_all_of_it(seed: int, n: int) -> None:
    rng = random.Random(seed)
    kinds = ["page_view", "item_view", "search", "add_to_cart"]
    minutes = sorted(rng.randrange(400_000) for _ in range(n))
    events = [make(number, rng.choice(kinds), at, 1) for number, at in enumerate(minutes)]  # type: ignore[arg-type]
    profile = folded([])
    for event in events:
        fold(profile, [event], TERMS)
    assert summarise(profile, TERMS.session_cap_ms) == sessions_in_order(events)


def test_a_bounce_is_one_page_and_nothing_else() -> None:
    bounced = folded([make(1, "page_view", 0, 1), make(2, "page_view", 100, 1), make(3, "click", 101, 1)])
    expected = Sessions(number=2, length_ms=60_000, pages=2, bounces=1, returns=1)
    assert summarise(bounced, TERMS.session_cap_ms) == expected


def test_measures_of_the_stay_make_no_visit_of_a_bounce() -> None:
    stay = folded([make(1, "page_view", 0, 1), make(2, "scroll", 1, 1), make(3, "dwell", 2, 1, dwell_s=70.0)])
    assert summarise(stay, TERMS.session_cap_ms).bounces == 1


def test_a_late_event_joins_two_sessions() -> None:
    apart = [make(1, "page_view", 0, 1), make(2, "page_view", 50, 1)]
    assert summarise(folded(apart), TERMS.session_cap_ms).number == 2
    assert summarise(folded([*apart, make(3, "click", 25, 1)]), TERMS.session_cap_ms).number == 1


def test_an_unbroken_day_counts_as_two_sessions() -> None:
    acts = [make(number, "click", 20 * number, 1) for number in range(80)]
    assert summarise(folded(acts), TERMS.session_cap_ms).number == 2


def test_a_session_is_as_engaged_as_its_most_engaged_act() -> None:
    day = 24 * 60
    events = [make(1, "page_view", 0, 1), make(2, "search", 1, 1), make(3, "page_view", day, 1)]
    events += [make(4, "search", 2 * day, 1), make(5, "add_to_cart", 2 * day + 1, 1)]
    total = summarise(folded(events), TERMS.session_cap_ms)
    assert (total.number, total.passive, total.active, total.high_intent) == (3, 1, 1, 1)


def test_who_begins_again_within_a_week_has_returned() -> None:
    week = 7 * 24 * 60
    events = [make(number, "page_view", at, 1) for number, at in enumerate([0, week, 2 * week + 1])]
    told = face(folded(events), "", TERMS.session_cap_ms)
    assert told["return_rate"] == round(1 / 3, 3)


def test_sessions_beyond_the_bound_are_summed_up_not_lost() -> None:
    visits = [make(number, "page_view", number * 60, 1) for number in range(CAPS["spans"] + 40)]
    assert summarise(folded(visits), TERMS.session_cap_ms).number == len(visits)
    assert all(
        later.occurred_at - event.occurred_at >= SETTINGS.session_gap + timedelta(0)
        for event, later in pairwise(visits)
    )
