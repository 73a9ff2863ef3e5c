"""Session-kNN, a strong model to compare with: what was met in earlier sessions like what the person did last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from math import log
from typing import NamedTuple

from infra.evaluation.log import timelines
from infra.evaluation.steps import sessions_of, steps_of
from shared.events.event import Event

LATEST = 20
"""Of what a person has met, so many items are looked at."""

SAMPLE = 500
NEIGHBOURS = 100
FADE = 0.1


class Index(NamedTuple):
    """Sessions in order of their start, and for each item those that have it, the latest last.

    As in B. Kersbergen, O. Sprangers, S. Schelter, "Serenade: Low-Latency Session-Based Recommendation in e-Commerce at
    Scale", SIGMOD 2022.
    """

    sessions: Sequence[Sequence[str]]
    of_item: Mapping[str, Sequence[int]]


def read_index(events: Iterable[Event], gap: timedelta) -> Index:
    """The index of these events."""
    people = timelines(events)
    found = [session for person, timeline in people.items() for session in sessions_of(person, timeline, gap)]
    sessions: list[list[str]] = []
    for session in sorted(found, key=lambda session: session.start):
        steps = steps_of(people[session.person], session.places)
        sessions.append(list(dict.fromkeys(step.item_id for step in steps)))
    of_item: dict[str, list[int]] = {}
    for number, items in enumerate(sessions):
        for item_id in items:
            of_item.setdefault(item_id, []).append(number)
    return Index(sessions, of_item)


def from_sessions(met: Sequence[str], index: Index) -> dict[str, float]:
    """Scores by vector multiplication S-kNN, for what was met, the latest first.

    Of the sessions that share an item, the `NEIGHBOURS` nearest count: Σ over shared items of a weight that falls with
    place, times a factor that falls with the place of the latest of these, times the rarity of what they propose.
    M. Ludewig, D. Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 2018.
    """
    latest = met[:LATEST]
    nearness: dict[int, float] = {}
    place: dict[int, int] = {}
    for number, item_id in enumerate(latest):
        for session in index.of_item.get(item_id, ())[-SAMPLE:]:
            nearness[session] = nearness.get(session, 0.0) + 1 - number / len(latest)
            place.setdefault(session, number)
    scores: dict[str, float] = {}
    for session, near in sorted(nearness.items(), key=lambda pair: (-pair[1], -pair[0]))[:NEIGHBOURS]:
        share = near * max(0.0, 1 - FADE * place[session])
        for item_id in index.sessions[session]:
            rarity = log(len(index.sessions) / len(index.of_item[item_id]))
            scores[item_id] = scores.get(item_id, 0.0) + share * rarity
    return {item_id: score for item_id, score in scores.items() if score > 0.0}
