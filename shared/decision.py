"""A decision: what one answer showed, why, and out of what; one record on the topic and one row of the table.

infra/sql/tables.sql has a column for each field, and a test compares them. What is logged is all that a later estimate
needs: whatever could have been shown, and how probable it was that what was shown is shown.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

MOST_CANDIDATES = 100
"""So many are kept, the best."""

MOST_BYTES = 64_000
"""Of one record. Where ids are so long that it would be larger, it tells less."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is not there is left out: a BigQuery subscription takes no null for a repeated column."""


class Considered(Record, frozen=True):
    """A candidate: its score before rules, and the source that says most for it."""

    item_id: str
    score: float
    source: str | None = None


class Shown(Record, frozen=True, kw_only=True):
    """An item of the answer.

    Attributes:
        place: counted from 1, over all slots.
        score: after rules.
        rule: the rule that moved it most, if one did.
        probability: that it stands in the answer, given the request and all that was known then.
        slot: the name of the place on the page, where the request names several.
    """

    item_id: str
    place: int
    score: float
    source: str
    reason: str
    rule: str | None = None
    probability: float
    slot: str | None = None


class Decision(Record, frozen=True, kw_only=True):
    """One answer to one person.

    Attributes:
        arm: of the experiment that the person takes part in.
        context, page, looking_at, strategy, n: what was asked.
        rules: the names of those that held.
        propensities: by name the probability.
        features: what was looked at of the person, as it was then.
        candidates: the best of them, best first.
        degraded: whether a store could not be reached in time.
        trace: of the request, as the platform names it.
    """

    decision_id: str
    decided_at: datetime
    user_id: str | None = None
    anonymous_id: str | None = None
    persona: str
    arm: str | None = None
    context: str
    page: str | None = None
    looking_at: tuple[str, ...] = ()
    strategy: str
    n: int
    rules: tuple[str, ...] = ()
    propensities: dict[str, float] = {}
    features: dict[str, Any] = {}
    candidates: tuple[Considered, ...] = ()
    items: tuple[Shown, ...] = ()
    model_versions: dict[str, str] = {}
    degraded: bool
    trace: str | None = None


_encode = msgspec.json.Encoder().encode


def encode_decision(decision: Decision) -> bytes:
    """The decision as JSON.

    A record of more than `MOST_BYTES` is made smaller by what can best be done without: half of its candidates, again
    and again, then its features, then the reasons; what was shown stays, with its probabilities. Where the
    ids alone are too long, the log drops it.
    """
    data = b""
    for smaller in _ever_smaller(decision):
        data = _encode(smaller)
        if len(data) <= MOST_BYTES:
            break
    return data


def _ever_smaller(decision: Decision) -> Iterator[Decision]:
    number = min(len(decision.candidates), MOST_CANDIDATES)
    decision = replace(decision, candidates=decision.candidates[:number])
    yield decision
    while number:
        number //= 2
        decision = replace(decision, candidates=decision.candidates[:number])
        yield decision
    decision = replace(decision, features={})
    yield decision
    yield replace(decision, items=tuple(replace(item, reason="") for item in decision.items))
