"""What the writers have left behind, against what they had acknowledged: nothing lost, nothing counted twice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.bench.attribution import by_person
from infra.bench.deliveries import SETTINGS, Deliveries
from infra.bench.driver import Run
from infra.bench.formula import totals_in, totals_of
from infra.bench.in_order import in_order
from shared.events.event import Event
from shared.profiles.fold import read_terms
from shared.profiles.profile import Profile, decode_profile, new_profile

TERMS = read_terms(SETTINGS)
COUNTED = {"applied", "duplicate"}


@dataclass
class Verdict:
    """Figures of a run.

    Attributes:
        outcomes: of all acknowledged deliveries.
        unsaid: events that a writer had applied when it was killed, and nobody had heard of it.
        lost, doubled: events that the profiles lack, or hold too often.
        perhaps: events of which a killed writer said nothing and a later one "late": counted or not.
        behind: people with events that came too late.
        handed_over: events that name a device only, and count for the user whose device it is.
        people: with events.
        right: of these, those for whom the parts that are exact at any size agree with the formula.
        below: of these, those of whose events a profile has to drop nothing.
        identical: of those below, those whose profile is byte for byte that of single delivery in order.
        leftovers: events in profiles of nobody, as of a device that has become a user's.
    """

    outcomes: Counter[str]
    unsaid: int = 0
    lost: int = 0
    doubled: int = 0
    perhaps: int = 0
    behind: int = 0
    handed_over: int = 0
    people: int = 0
    right: int = 0
    below: int = 0
    identical: int = 0
    leftovers: int = 0
    examples: list[str] = field(default_factory=list)
    """Some of those who are not as they must be."""

    @property
    def holds(self) -> bool:
        """Whether everything is as promised."""
        wrong = self.lost or self.doubled or self.leftovers
        return not wrong and self.right == self.people and self.identical == self.below > 0


def judge(deliveries: Deliveries, run: Run, stored: Mapping[str, bytes]) -> Verdict:
    """Compare every person's stored state with what was acknowledged of their events."""
    told, outcomes = _read_acks(run, deliveries.order)
    cut_off = {deliveries.order[number] for number in run.cut_off}
    people = by_person(deliveries.events)
    unsaid = sum("duplicate" in said and "applied" not in said for said in told)
    verdict = Verdict(outcomes, unsaid, people=len(people))
    for person, places in people.items():
        counted = [deliveries.event(place) for place in places if told[place] & COUNTED]
        perhaps = [deliveries.event(place) for place in places if place in cut_off and not told[place] & COUNTED]
        verdict.behind += len(counted) + len(perhaps) < len(places)
        _compare(verdict, person, counted, perhaps, stored.get(person))
    verdict.leftovers = sum(_size(decode_profile(stored[key])) for key in stored.keys() - people.keys())
    return verdict


def _read_acks(run: Run, order: Sequence[int]) -> tuple[list[set[str]], Counter[str]]:
    """The outcomes that each event's deliveries came to, and how many deliveries came to each."""
    told: list[set[str]] = [set() for _ in range(max(order) + 1)]
    outcomes: Counter[str] = Counter()
    with run.acks.open() as lines:
        for line in lines:
            number, outcome = line.split()
            told[order[int(number)]].add(outcome)
            outcomes[outcome] += 1
    return told, outcomes


def _compare(
    verdict: Verdict, person: str, counted: Sequence[Event], perhaps: Sequence[Event], state: bytes | None
) -> None:
    profile = decode_profile(state) if state is not None else new_profile(SETTINGS.half_life)
    held, least = Counter(profile.counts), Counter(str(event.kind) for event in counted)
    most = least + Counter(str(event.kind) for event in perhaps)
    verdict.handed_over += sum(event.user_id is None for event in counted) if person.startswith("u:") else 0
    verdict.lost += (least - held).total()
    verdict.doubled += (held - most).total()
    verdict.perhaps += len(perhaps)
    right = bool(perhaps) or totals_in(profile, TERMS) == totals_of(counted, TERMS)
    verdict.right += right
    identical = True
    alone = in_order(counted, TERMS, SETTINGS)
    if alone.is_below and counted and not perhaps:
        identical = state == alone.state
        verdict.below += 1
        verdict.identical += identical
    if not (right and identical) and len(verdict.examples) < 3:
        verdict.examples.append(
            f"{person}, {len(counted)} events: {totals_of(counted, TERMS)}, found {totals_in(profile, TERMS)}"
        )


def _size(profile: Profile) -> int:
    return sum(profile.counts.values())
