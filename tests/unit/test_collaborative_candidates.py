"""Nightly candidates: for those who were active, only what changed is written, nothing of whom nothing counts."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from shared.models.candidates import COLLECTION, pack, pack_candidates, unpack_candidates
from shared.models.relations import Ranking
from shared.profiles.profile import encode_profile, new_profile, to_ms
from shared.profiles.record import COLLECTION as PROFILES
from shared.profiles.record import STANDING, STATE
from shared.profiles.standing import Quarantine, Standing, encode_standing
from shared.settings import Settings
from shared.stores.embedded.documents import EmbeddedDocuments
from training import candidates
from training.candidates import ACTIVE, KEPT, RENEWED, active, drop_candidates, make_candidates, write_candidates
from training.collaborative.learner import NEVER, Floats
from training.collaborative.matrix import Matrix
from training.publish import unchecked
from training.similarity import Similar

SETTINGS = Settings()
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ANN, BOB, CYD = "u:ann", "u:bob", "a:cyd"
LISTS: Mapping[str, Ranking] = {ANN: [("hat", 1.0), ("cap", 0.5)], BOB: [("cap", 1.0)], CYD: [("tie", 1.0)]}


@pytest.fixture
async def documents(tmp_path: Path) -> EmbeddedDocuments:
    """Everybody has a profile."""
    store = EmbeddedDocuments(tmp_path / "documents.sqlite", SETTINGS.store_deadline)
    for person in LISTS:
        await put_profile(store, person, Standing())
    store.counts.clear()
    return store


async def put_profile(store: EmbeddedDocuments, person: str, standing: Standing) -> None:
    state = encode_profile(new_profile(SETTINGS.half_life))
    await store.merge(PROFILES, {person: {STATE: state, STANDING: encode_standing(standing)}})


async def write(
    store: EmbeddedDocuments, lists: Mapping[str, Ranking], version: str = "v1", now: datetime = NOW
) -> int:
    made = ((person, pack(ranking)) for person, ranking in lists.items())
    return await write_candidates(store, version, made, now, SETTINGS, unchecked)


async def held(store: EmbeddedDocuments) -> dict[str, Ranking]:
    return {person: unpack_candidates(document.fields) async for person, document in store.scan(COLLECTION)}


async def test_only_what_changed_is_written(documents: EmbeddedDocuments) -> None:
    assert await write(documents, LISTS) == 3
    assert await held(documents) == LISTS
    assert await write(documents, LISTS, "v2", NOW + timedelta(days=1)) == 0
    changed = {ANN: LISTS[ANN], BOB: [("tie", 1.0)]}
    assert await write(documents, changed, "v3", NOW + timedelta(days=2)) == 2
    assert await held(documents) == changed
    versions = {person: document.fields["version"] async for person, document in documents.scan(COLLECTION)}
    assert versions == {ANN: "v1", BOB: "v3"}


async def test_what_would_soon_expire_is_written_again(documents: EmbeddedDocuments) -> None:
    await write(documents, LISTS)
    later = NOW + KEPT - RENEWED
    assert await write(documents, LISTS, now=later - timedelta(minutes=1)) == 0
    assert await write(documents, LISTS, now=later) == 3
    document = await documents.get(COLLECTION, ANN)
    assert document
    assert document.fields["expires_at"] == later + KEPT


@pytest.mark.parametrize("why", ["quarantined", "erased", "given away"])
async def test_nothing_is_kept_of_whom_nothing_counts(documents: EmbeddedDocuments, why: str) -> None:
    """Though the log still names them: it was read before that happened."""
    await write(documents, LISTS)
    if why == "erased":
        await documents.delete(PROFILES, [CYD])
    elif why == "quarantined":
        await put_profile(documents, CYD, Standing(quarantine=Quarantine(0, 3, [], "score")))
    else:
        await put_profile(documents, CYD, Standing(claims={"cyd": 1}))
    await write(documents, {**LISTS, CYD: [("hat", 1.0)]}, now=NOW + timedelta(days=1))
    assert (await held(documents)).keys() == {ANN, BOB}


async def test_where_nothing_new_goes_live_what_does_not_count_is_dropped(documents: EmbeddedDocuments) -> None:
    await write(documents, LISTS)
    await put_profile(documents, BOB, Standing(quarantine=Quarantine(0, 3, [], "score")))
    assert await drop_candidates(documents, NOW + timedelta(days=1), SETTINGS) == 1
    assert (await held(documents)).keys() == {ANN, CYD}
    assert await drop_candidates(documents, NOW + KEPT, SETTINGS) == 2
    assert await held(documents) == {}


def test_an_expired_document_says_nothing() -> None:
    fields = pack_candidates(pack(LISTS[ANN]), "v1", NOW)
    assert unpack_candidates(fields, NOW - timedelta(seconds=1)) == unpack_candidates(fields) == LISTS[ANN]
    assert unpack_candidates(fields, NOW) == unpack_candidates({}) == []


class Fixed:
    """A learner to whom everybody is the same."""

    def __init__(self, scores: list[float]) -> None:
        self._scores = np.array(scores, np.float32)

    def score(self, histories: csr_matrix) -> Floats:
        return np.tile(self._scores, (histories.shape[0], 1))

    def neighbours(self, item_ids: list[str], n: int) -> Similar | None:  # noqa: ARG002
        return None


def matrix(*histories: list[int], last_ms: list[int] | None = None) -> Matrix:
    """People who like these columns of six."""
    weights = np.zeros((len(histories), 6))
    for row, columns in enumerate(histories):
        weights[row, columns] = 1
    people = [f"u:{number}" for number in range(len(histories))]
    seen = np.array(last_ms or [0] * len(histories), dtype=np.int64)
    return Matrix(people, list("abcdef"), csr_matrix(weights), csr_matrix(weights), seen)


def made(learner: Fixed, known: Matrix, rows: list[int]) -> dict[str, Ranking]:
    return {person: unpack_candidates({"items": one}) for person, one in make_candidates(learner, known, rows)}


def test_candidates_are_new_to_the_person_and_relative_to_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, known = Fixed([4.0, 2.0, 2.0, 1.0, -1.0, NEVER]), matrix([0], [1, 2], [5], [0, 1, 2, 3])
    expected = {
        "u:2": [("a", 1.0), ("b", 0.5), ("c", 0.5), ("d", 0.25)],
        "u:0": [("b", 1.0), ("c", 1.0), ("d", 0.5)],
        "u:1": [("a", 1.0), ("d", 0.25)],
    }
    assert made(learner, known, [2, 0, 1, 3]) == expected
    monkeypatch.setattr(candidates, "BLOCK_BYTES", 1)
    monkeypatch.setattr(candidates, "N", 2)
    assert made(learner, known, [2, 0, 1, 3]) == {person: ranking[:2] for person, ranking in expected.items()}


def test_candidates_are_for_those_who_were_active_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms, edge_ms = to_ms(NOW), to_ms(NOW - ACTIVE)
    known = matrix([0], [1], [2], [3], last_ms=[edge_ms, now_ms - 5, edge_ms - 1, now_ms - 5])
    assert active(known, NOW) == [1, 3, 0]
    monkeypatch.setattr(candidates, "PEOPLE", 2)
    assert active(known, NOW) == [1, 3]


def test_made_as_they_are_asked_for() -> None:
    asked: Iterator[tuple[str, bytes]] = make_candidates(Fixed([1.0] * 6), matrix(*[[0]] * 9), list(range(9)))
    assert next(asked)[0] == "u:0"
