"""Relations between items: neighbours, and where people go next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

from shared.errors import PermanentError
from shared.models.artifact import unpack_model
from shared.models.blend import DEFAULT, BlendModel
from shared.models.relations import NOTHING, Relations, pack
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.candidates import active, make_candidates
from training.collaborative.challengers import CHALLENGERS, ITEM_KNN
from training.collaborative.choose import FACTS, Choice, Pick, choose, learner_by, similar_by
from training.collaborative.learner import Learner
from training.collaborative.matrix import Matrix, read_matrix
from training.content import NO_CONTENT, Content, read_content
from training.factors import SPARK, learned_elsewhere
from training.queries import terms
from training.results import Fitted, Model, Refused, Trained, version_of
from training.sequences import Sequences, read_sequences
from training.sessions import NO_SESSIONS, Index, read_sessions
from training.similarity import Similar

MEASURED = 1_000
"""The sessions of about so many items are measured for what is told of them."""


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings, choice: Choice | None = None) -> Fitted | Refused:
    """Neighbours by what people had shown interest in by the cutoff.

    Args:
        choice: which learner makes them, where that has been decided on the same log.
    """
    matrix = read_matrix(warehouse, cutoff, settings)
    if not matrix.people:
        return Refused("nobody has shown interest in an item")
    choice = choice or choose(warehouse, cutoff, settings)
    given = learned_elsewhere(cutoff, settings, matrix.item_ids)
    similar = similar_by(choice.served, matrix, settings.neighbours, given)
    if not len(similar.neighbours):
        return Refused(f"no two of {len(matrix.item_ids):,} items have interested the same person")
    values = terms(cutoff, settings)
    sequences = read_sequences(warehouse, values)
    content = read_content(warehouse, values)
    relations = Related(similar, sequences, content)
    version = version_of(cutoff, _digest(relations()))
    told = {
        "people": len(matrix.people),
        "items": len(matrix.item_ids),
        "interactions": matrix.weights.nnz,
        "with_next": len(sequences.next),
        "with_content": len(content.few.item_ids),
        **choice.facts,
    }
    candidates = partial(_candidates, choice.nightly, matrix, cutoff, settings.neighbours, given)
    return Fitted(version, lambda: iter(()), told, relations, candidates=candidates)


def choice_of(trained: Mapping[Model, Trained]) -> Choice:
    """What the training of the neighbours among these has chosen; item-kNN where there is none."""
    result = trained["neighbours"].result if "neighbours" in trained else None
    facts: Mapping[str, Any] = result.facts if isinstance(result, Fitted) else {}
    name = facts.get("neighbours_by", ITEM_KNN)
    return Choice(Pick(name, facts.get("settings", {}).get(name, {})), None, {})


def revised(trained: Mapping[Model, Trained]) -> Choice | None:
    """What the training of the blend among these has decided otherwise; None if nothing."""
    result, blend = (trained[name].result if name in trained else None for name in ("neighbours", "blend"))
    if not isinstance(result, Fitted) or not isinstance(blend, Fitted):
        return None
    facts: Mapping[str, Any] = result.facts
    name = blend.facts.get("neighbours_by", facts.get("neighbours_by"))
    if name == facts.get("neighbours_by"):
        return None
    best = facts["candidates_by"]
    nightly = Pick(best, facts["settings"].get(best, {})) if best in (ITEM_KNN, SPARK, *CHALLENGERS) else None
    told = {key: facts[key] for key in FACTS if key in facts} | {"neighbours_by": name}
    return Choice(Pick(str(name), facts["settings"].get(name, {})), nightly, told)


def hears_sessions(trained: Mapping[Model, Trained], live: Mapping[str, Fields]) -> bool:
    """Whether the blend does that these neighbours will be served with: the one among these, or else the live one."""
    blend = trained["blend"].result if "blend" in trained else None
    if isinstance(blend, Fitted):
        return bool(blend.facts["hears_sessions"])
    try:
        served = unpack_model(live["blend"], BlendModel) if "blend" in live else DEFAULT
    except PermanentError:
        return False  # it is no good to the hot path either
    return served.shares["visit"].get("sessions", 0.0) > 0.0


@dataclass(frozen=True)
class Related:
    """What relates items to each other; called, it makes the packed relations of every item that has any."""

    similar: Similar
    sequences: Sequences
    content: Content = NO_CONTENT
    sessions: Index = NO_SESSIONS

    def __call__(self) -> Iterator[tuple[str, bytes]]:
        similar, sequences, content = self.similar, self.sequences, self.content
        places = {item_id: place for place, item_id in enumerate(similar.item_ids)}
        alike = content.finder()
        known = places.keys() | sequences.next.keys() | self.sessions.latest.keys() | set(content.few.item_ids)
        for item_id in sorted(known):
            neighbours = similar.of(places[item_id]) if item_id in places else []
            nexts, ways = sequences.next.get(item_id, []), sequences.ways.get(item_id, {})
            relations = Relations(neighbours, nexts, ways, *alike(item_id), self.sessions.packed(item_id))
            if relations != NOTHING:
                yield item_id, pack(relations)


def with_sessions(result: Fitted, warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted:
    """The same, and of each item its latest sessions."""
    if not isinstance(result.relations, Related):
        raise TypeError(f"relations to add sessions to: expected those of a training, found {result.relations!r}")
    sessions = read_sessions(warehouse, terms(cutoff, settings))
    relations = replace(result.relations, sessions=sessions)
    some = [*sessions.latest][:: 1 + len(sessions.latest) // MEASURED]
    sizes = [len(sessions.packed(item_id)) for item_id in some] or [0]
    told = {
        "with_sessions": len(sessions.latest),
        "session_bytes": {"mean": sum(sizes) // len(sizes), "most": max(sizes)},
    }
    version = version_of(cutoff, _digest(relations()))
    return result._replace(version=version, relations=relations, facts={**result.facts, **told})


def _candidates(
    nightly: Pick | None, matrix: Matrix, cutoff: datetime, n: int, given: Mapping[str, Learner]
) -> Iterator[tuple[str, bytes]]:
    if nightly is not None and (rows := active(matrix, cutoff)):
        yield from make_candidates(learner_by(nightly, matrix, n, given), matrix, rows)


def _digest(relations: Iterator[tuple[str, bytes]]) -> str:
    digest = blake2b(digest_size=16)
    for item_id, packed in relations:
        digest.update(item_id.encode() + b"\0" + packed)
    return digest.hexdigest()
