"""The ways to split: by the first sessions, by the last days, by everyone's last item; each in one or several folds."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import chain, pairwise

from infra.evaluation.log import Timelines
from infra.evaluation.split import Split, make_split
from infra.evaluation.steps import Repeats, Session, Step, sessions_of, steps_of
from shared.errors import PermanentError, Problem
from shared.events.event import Event

EXPECTED = "sessions:SHARE (0 < SHARE < 1), days:NUMBER or leave-last"
MOST_DAYS = 100_000
MOST_FOLDS = 50

Splitter = Callable[[Timelines, timedelta], Split]
"""People's timelines and the silence that ends a session → the split."""


def parse_splits(spec: str, folds: int = 1, repeats: Repeats = "collapse") -> list[Splitter]:
    """The way of splitting that the text asks for, the earliest fold first. Raises PermanentError if there is none.

    Several folds roll through what one would predict: it is divided into as many slices of time, and each is predicted
    by models of everything before it. L. Tashman, "Out-of-sample tests of forecasting accuracy", Int. J. Forecasting
    2000 (there: rolling origin).
    """
    if not 1 <= folds <= MOST_FOLDS:
        raise PermanentError("unknown split", (Problem("--folds", f"1 to {MOST_FOLDS}", str(folds)),))
    name, _, text = spec.partition(":")
    number = _number(text)
    if name == "sessions" and 0 < number < 1:
        edges = [*(number + (1 - number) * fold / folds for fold in range(folds)), 1.0]
        return [partial(split_sessions, share=begin, repeats=repeats, end=end) for begin, end in pairwise(edges)]
    if name == "days" and 0 < number <= MOST_DAYS:
        edges = [number * (folds - fold) / folds for fold in range(folds + 1)]
        return [partial(split_days, days=begin, repeats=repeats, end=end) for begin, end in pairwise(edges)]
    if spec == "leave-last":
        return [partial(leave_last, repeats=repeats, back=back) for back in range(folds, 0, -1)]
    raise PermanentError("unknown split", (Problem("split", EXPECTED, spec or "nothing"),))


def split_sessions(people: Timelines, gap: timedelta, share: float, repeats: Repeats, end: float = 1.0) -> Split:
    """Train on the first share of the sessions by their start, each to its end; predict in the next, up to `end`."""
    sessions = _sessions(people, gap)
    cut = int(len(sessions) * share)
    first, later = sessions[:cut], sessions[cut : int(len(sessions) * end)]
    train = [people[session.person][place] for session in first for place in session.places]
    after = sum(event.occurred_at > later[0].start for event in train) if later else 0
    rule = (
        f"trained on the first {share:.0%} of the sessions by start, {len(first):,} of {len(sessions):,}, each to "
        f"its end: {after:,} of their {len(train):,} events come after the start of the first session predicted"
    )
    return make_split(train, _walks(people, later, repeats), rule)


def split_days(people: Timelines, gap: timedelta, days: float, repeats: Repeats, end: float = 0.0) -> Split:
    """Train on everything before the last days; predict in the sessions that start in them, up to `end` days."""
    log = list(chain.from_iterable(people.values()))
    if not log:
        return make_split([], [], "no events")
    last = max(event.occurred_at for event in log)
    edge, after = last - timedelta(days=days), last - timedelta(days=end)
    train = [event for event in log if event.occurred_at < edge]
    later = [
        session for session in _sessions(people, gap) if edge <= session.start and (not end or session.start < after)
    ]
    until = f", up to the last {end:g}" if end else ""
    rule = (
        f"trained on the {len(train):,} events before the last {days:g} days; "
        f"predicted in the {len(later):,} sessions that start in these{until}"
    )
    return make_split(train, _walks(people, later, repeats), rule)


def leave_last(people: Timelines, gap: timedelta, repeats: Repeats, back: int = 1) -> Split:  # noqa: ARG001 (one session)
    """Hold out everyone's last item, or that so many steps back; train on what each had done before meeting it."""
    train: list[Event] = []
    walks: list[tuple[str, list[Step]]] = []
    for person, timeline in people.items():
        steps = steps_of(timeline, range(len(timeline)), repeats)
        end = steps[-back].place if len(steps) > back else len(timeline)
        train += timeline[:end]
        if len(steps) > back:
            walks.append((person, steps[len(steps) - back - 1 : len(steps) - back + 1]))
    which = "last item" if back == 1 else f"item {back} from the end"
    rule = (
        f"everyone's {which} is held out, with all they did after; trained on what each had done before it "
        "(of others also what they did later than that)"
    )
    return make_split(train, walks, rule)


def _sessions(people: Timelines, gap: timedelta) -> list[Session]:
    found = chain.from_iterable(sessions_of(person, timeline, gap) for person, timeline in people.items())
    return sorted(found, key=lambda session: session.start)


def _walks(people: Timelines, sessions: list[Session], repeats: Repeats) -> Iterator[tuple[str, list[Step]]]:
    return ((session.person, steps_of(people[session.person], session.places, repeats)) for session in sessions)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
