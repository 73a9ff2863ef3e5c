"""Bots: who of the simulated machines is caught, who of the people is wronged, and what a judgement costs."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from infra.bench.figures import Grid, Result, Value
from infra.bench.session import Session
from infra.bench.sizes import SAMPLE
from infra.local.inputs import open_input
from infra.local.inputs.batches import cut
from infra.local.inputs.input import Fields
from infra.local.inputs.simulate import Simulation
from infra.local.inputs.simulate.bots import HABITS
from shared.events.event import person_of
from shared.events.parse import parse_batch
from shared.profiles.bots import judge
from shared.profiles.fold import fold, read_terms
from shared.profiles.profile import Profile, new_profile
from shared.settings import Settings

SETTINGS = Settings()
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SHOP = Simulation(users=1_000, days=30, seed=7, bots=210)
NOT_A_PERSON = "rotator"
"""Somebody else with every page: no profile could tell; training looks at the log for it."""


def bench(session: Session) -> Result:
    """Precision and recall in a simulated shop; in the real data there is nobody to catch."""
    session.steps.begin("bots: a shop of people and machines")
    profiles, taken = fold_people(SHOP.events())
    habits = {f"a:{bot.name}": bot.habit for bot in SHOP.machines()}
    people = {person: profile for person, profile in profiles.items() if not _is_machine(person, habits)}
    machines = {person: habit for person, habit in habits.items() if habit != NOT_A_PERSON}
    caught = taken.intersection(machines)
    wronged = {"the simulated shop": sorted(taken.intersection(people))}
    numbers = {"the simulated shop": len(people)}
    for name, spec in _real().items():
        session.steps.begin(f"bots: {name}")
        real, suspects = fold_people(open_input(spec))
        wronged[name], numbers[name] = sorted(suspects), len(real)
    precision = len(caught) / max(1, len(caught) + len(wronged["the simulated shop"]))
    shop: list[list[Value]] = [["precision", precision], ["recall", len(caught) / len(machines)]]
    grids = [
        Grid("the simulated shop", ("", "share"), shop),
        _by_habit(machines, caught),
        Grid("people", ("of", "number", "in quarantine"), [[of, numbers[of], len(wronged[of])] for of in numbers]),
        _cost(people.values()),
    ]
    failures = [f"{person} of {of} is a person, and in quarantine" for of in wronged for person in wronged[of]]
    return Result(grids, ["A creeper looks at things at a person's pace and tells no dwell: so do people."], failures)


def _real() -> dict[str, str]:
    sample = {"REES46's sample": f"rees46:{SAMPLE}"} if SAMPLE.exists() else {}
    return {"MovieLens": "movielens", **sample}


def _is_machine(person: str, habits: Mapping[str, str]) -> bool:
    """A rotator's ids are its name and a number."""
    return person in habits or person.rpartition("-")[0] in habits


def fold_people(events: Iterable[Fields]) -> tuple[dict[str, Profile], set[str]]:
    """Everybody's profile, and who was in quarantine after any of their events: live, the first time decides."""
    terms = read_terms(SETTINGS)
    found: dict[str, Profile] = {}
    suspects: set[str] = set()
    for batch in cut(events, 500, 480_000):
        for event in parse_batch(batch.body, NOW, SETTINGS).events:
            person = person_of(event)
            profile = found.setdefault(person, new_profile(SETTINGS.half_life))
            fold(profile, [event], terms)
            if person not in suspects and judge(profile, NOW):
                suspects.add(person)
    return found, suspects


def _by_habit(habits: Mapping[str, str], caught: Iterable[str]) -> Grid:
    of = Counter(habits.values())
    found = Counter(habits[person] for person in caught)
    rows: list[list[Value]] = [[habit, of[habit], found[habit]] for habit in HABITS if of[habit]]
    return Grid("machines", ("habit", "number", "caught"), rows)


def _cost(profiles: Iterable[Profile]) -> Grid:
    costs = sorted(map(_microseconds, profiles))
    rows: list[list[Value]] = [[f"of 100 people the {n}th", costs[len(costs) * n // 100]] for n in (50, 90, 99)]
    return Grid("judge, µs", ("", "µs"), rows)


def _microseconds(profile: Profile) -> float:
    """The best of several: what else the machine does is no part of it."""
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter_ns()
        judge(profile, NOW)
        best = min(best, (time.perf_counter_ns() - begun) / 1_000)
    return best
