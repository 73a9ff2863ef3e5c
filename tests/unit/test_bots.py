"""Bots: what gives them away, and who must not be taken for one."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from infra.bench.bots import NOT_A_PERSON, fold_people
from infra.local.inputs import open_input
from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.bots import CRAWLER
from shared.events.event import Context, Event
from shared.events.kinds import Kind
from shared.profiles import memory, rhythm
from shared.profiles.bots import is_crawler, judge
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import Profile, encode_profile, new_profile, to_ms
from shared.settings import Settings
from tests.samples import sample

SETTINGS = Settings()
TERMS = read_terms(SETTINGS)
START = datetime(2026, 1, 1, 9, 0, 0, 123_000, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)

CHROME = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile"
GOOGLE_APP = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 GSA/300.0 Mobile/15E148"


@pytest.mark.parametrize("agent", [CHROME, CUBOT, GOOGLE_APP, "", "analytics-python/2.3.4", "okhttp/4.12.0"])
def test_people_and_apps_are_no_crawlers(agent: str) -> None:
    assert not is_crawler(agent)


@pytest.mark.parametrize(
    "agent",
    [
        CRAWLER,
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
    ],
)
def test_crawlers_are_told_by_their_agents(agent: str) -> None:
    assert is_crawler(agent)


def acts(pauses_s: Iterable[float], kinds: Iterable[str] = ("item_view",), **fields: Any) -> list[Event]:
    """An event after each pause; the kinds come in turn."""
    cycle = cast(list[Kind], list(kinds))
    return [
        Event(
            event_id=f"e{n}",
            kind=cycle[n % len(cycle)],
            occurred_at=START + timedelta(seconds=at_s),
            anonymous_id="x",
            item_ids=(f"i{n % 50}",),
            **fields,
        )
        for n, at_s in enumerate(accumulate(pauses_s))
    ]


def folded(events: Iterable[Event]) -> Profile:
    profile = new_profile(SETTINGS.half_life)
    fold(profile, events, TERMS)
    return profile


def signals(events: Iterable[Event]) -> list[str]:
    """The names of the signals for which the person would be quarantined."""
    found = judge(folded(events), NOW)
    return [signal.partition(":")[0] for signal in found.signals] if found else []


def pauses(n: int, at_least_s: float, mean_s: float, seed: int = 1) -> list[float]:
    draw = random.Random(seed)
    return [at_least_s + draw.expovariate(1 / (mean_s - at_least_s)) for _ in range(n)]


AGENT = Context(user_agent=CRAWLER)
MACHINES = {
    "a scraper": (acts(pauses(300, 0.05, 0.2)), ["focus", "rate", "regularity"]),
    "a clock": (acts([20 + 0.1 * (n % 7) for n in range(60)]), ["focus", "regularity"]),
    "a page that reloads itself": (acts([60.0] * 100, ["page_view"]), ["focus", "regularity"]),
    "a crawler that says so": (acts(pauses(40, 5, 60), context=AGENT), ["focus", "crawler"]),
    "a crawler that looks in": (acts([7_200.0] * 25, ["page_view"], context=AGENT), ["crawler", "bounces"]),
    "an inflator": (acts(pauses(100, 0.3, 0.6), ["item_view", "add_to_cart"], dwell_s=300.0), ["dwell", "rate"]),
}


@pytest.mark.parametrize("name", MACHINES)
def test_machines_are_quarantined(name: str) -> None:
    events, expected = MACHINES[name]
    assert signals(events) == expected


PEOPLE = {
    "who reads and buys for hours": acts(pauses(500, 1, 25), ["item_view", "scroll", "item_view", "add_to_cart"]),
    "who clicks fast": acts(pauses(150, 0.1, 0.6), ["item_view", "click"]),
    "at a site that measures nothing": acts(pauses(500, 1, 30)),
    "at a kiosk that reloads itself": acts([30.0] * 200, ["page_view"] * 9 + ["click"]),
    "who opens the newsletter every morning": acts([86_400.0] * 60, ["page_view"]),
    "whose player tells its progress": acts([5.0] * 400, ["item_view", *["dwell"] * 60], dwell_s=5.0),
    "whose page counts up its dwell": acts([15.0] * 120, ["item_view", *["dwell"] * 119], dwell_s=900.0),
    "in a test of two hundred views at once": acts([0.001] * 200),
    "in a test with a headless browser": acts([1.0] * 40, ["page_view", "click", "scroll"], context=AGENT),
    "who rates a page of films at once": acts([3, *[0] * 190], ["bookmark", "dismiss"]),
    "who leaves a film on": acts([3_700.0] * 30, ["item_view"], dwell_s=3_500.0),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_people_pass(name: str) -> None:
    assert signals(PEOPLE[name]) == []


def test_the_agent_alone_never_suffices() -> None:
    assert signals(acts(pauses(400, 2, 40), ["page_view", "item_view", "scroll"], context=AGENT)) == []


def test_a_crawler_among_a_persons_devices_does_not_count() -> None:
    theirs = acts(pauses(40, 5, 60), context=Context(user_agent=CHROME))
    assert signals([*theirs, *(event for event in acts(pauses(39, 5, 60), context=AGENT))]) == []


def test_a_quarantine_says_why_and_since_when() -> None:
    found = judge(folded(MACHINES["a clock"][0]), NOW)
    assert found
    assert (found.since_ms, found.score, found.by, found.purged) == (to_ms(NOW), 3, "score", False)
    assert found.signals == ["focus: 60 views, and no other act", "regularity: pauses spread by 2% of their median"]


@given(order=st.randoms(use_true_random=False), name=st.sampled_from(sorted(MACHINES)))
@budget(max_examples=30, deadline=None)
def test_the_order_of_events_plays_no_part(order: random.Random, name: str) -> None:
    events = list(MACHINES[name][0])
    expected = judge(folded(events), NOW)
    order.shuffle(events)
    assert judge(folded(events), NOW) == expected


def test_judging_changes_nothing() -> None:
    profile = folded(MACHINES["a scraper"][0])
    before = encode_profile(profile)
    judge(profile, NOW)
    assert encode_profile(profile) == before


Times = st.lists(st.integers(0, 3_000_000), min_size=1, max_size=512).map(sorted)


@given(Times | Times.map(lambda times: [time // 50 for time in times]))
@budget(max_examples=300, deadline=None)
def test_a_look_at_few_events_misses_no_rate(times: list[int]) -> None:
    ring = b"".join(time.to_bytes(memory.TIME_BYTES, "big") + bytes(memory.ID_BYTES) for time in times)
    assert rhythm.read_times(ring) == times
    for width_ms, _, _ in rhythm.RATES:
        found = max(sum(start <= time < start + width_ms for time in times) for start in times)
        assert rhythm.most(times, width_ms) == found
    assert rhythm.is_dense(ring) or rhythm.rate(times) is None


def test_whole_seconds_are_not_taken_for_regularity() -> None:
    draw = random.Random(2)
    times = list(accumulate(draw.uniform(2.2, 3.8) for _ in range(200)))
    assert rhythm.regularity([1_000 * round(time) for time in times]) is None
    assert rhythm.regularity([1_000 * 20 * n for n in range(60)]) == 0.05


def test_nobody_of_the_real_shop_is_quarantined() -> None:
    profiles, suspects = fold_people(open_input(f"rees46:{sample('rees46_sample.csv.gz')}"))
    assert (len(profiles), suspects) == (4_504, set())


def test_nobody_who_rated_films_is_quarantined() -> None:
    profiles, suspects = fold_people(open_input("movielens"))
    assert (len(profiles), suspects) == (671, set())


def test_simulated_bots_are_caught_and_nobody_else() -> None:
    simulation = Simulation(users=200, days=20, bots=70)
    _, suspects = fold_people(simulation.events())
    machines = {f"a:{bot.name}": bot.habit for bot in simulation.machines() if bot.habit != NOT_A_PERSON}
    assert suspects == {name for name, habit in machines.items() if habit != "creeper"}
