"""Session-kNN: what was met in earlier sessions like this one. Item documents hold these, each item its latest ones."""

from collections.abc import Mapping, Sequence
from heapq import nlargest
from math import log
from typing import NamedTuple

import msgspec

NEIGHBOURS = 100
"""So many sessions are listened to."""

FADE = 0.1
"""A session says so much less for each item that was met since the last one that it shares."""

STEP = 0.25
"""How common an item is, is told in whole multiples of it, so that a session more or less leaves most documents as they
were."""


class Sessions(NamedTuple):
    """Earlier sessions that have an item, the latest first.

    Attributes:
        total: how many sessions there are, also those without it; as a logarithm, in steps.
        item_ids: of all that was met in these sessions.
        common: how many sessions have each of these; likewise.
        numbers: of the sessions; a session has the same one in every document, a later session a higher one.
        places: of each session, where in `item_ids` the items are that were met in it.
    """

    total: int
    item_ids: Sequence[str]
    common: Sequence[int]
    numbers: Sequence[int]
    places: Sequence[Sequence[int]]


NONE = Sessions(0, (), (), (), ())

_decode = msgspec.msgpack.Decoder(tuple[int, list[str], bytes, list[int], list[bytes]]).decode


def pack_sessions(sessions: Sessions) -> bytes:
    """The bytes of sessions with 256 items at most."""
    total, item_ids, common, numbers, places = sessions
    return msgspec.msgpack.encode((total, list(item_ids), bytes(common), list(numbers), [*map(bytes, places)]))


def unpack_sessions(packed: bytes) -> Sessions:
    """The sessions of their bytes."""
    return Sessions(*_decode(packed)) if packed else NONE


def steps(count: int) -> int:
    """The logarithm of a number of sessions, in steps.

    >>> steps(1), steps(100)
    (0, 18)
    """
    return min(round(log(count) / STEP), 255)


def from_sessions(met: Sequence[str], known: Mapping[str, Sessions]) -> dict[str, float]:
    """Scores of what goes with the items met in a session, the latest first, by what is known of these.

    Vector multiplication S-kNN: of the sessions that share an item, the `NEIGHBOURS` nearest count. Each adds to the
    items that were met in it: Σ over shared items of a weight that falls with place, times a factor that falls with the
    place of the latest of these, times the rarity of what it adds to.
    M. Ludewig, D. Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 2018. The index, of each item
    its latest sessions: B. Kersbergen, O. Sprangers, S. Schelter, "Serenade: Low-Latency Session-Based Recommendation
    in e-Commerce at Scale", SIGMOD 2022.
    """
    nearness: dict[int, float] = {}
    found: dict[int, tuple[float, Sessions, Sequence[int]]] = {}
    for place, item_id in enumerate(met):
        sessions, weight = known.get(item_id, NONE), 1.0 - place / len(met)
        for number, places in zip(sessions.numbers, sessions.places, strict=True):
            if number in nearness:
                nearness[number] += weight
            else:
                nearness[number] = weight
                found[number] = max(0.0, 1.0 - FADE * place), sessions, places
    scores: dict[str, float] = {}
    get = scores.get
    for near, number in nlargest(NEIGHBOURS, zip(nearness.values(), nearness, strict=True)):
        fade, (total, item_ids, common, *_), places = found[number]
        share = near * fade
        for place in places:
            item_id = item_ids[place]
            scores[item_id] = get(item_id, 0.0) + share * (total - common[place])
    return {item_id: score for item_id, score in scores.items() if score > 0.0}
