"""Nightly candidates: for people who were active lately, what the best learner would show them, as documents.

What the collection holds is found out by reading it, not from digests of it: these would name people in one more place
that an erasure must look into. A read costs a third of a write, and there are no more than `PEOPLE`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from shared.models.candidates import COLLECTION, EXPIRES_AT, pack, pack_candidates, unpack_candidates
from shared.models.relations import Ranking
from shared.profiles.persona import rests
from shared.profiles.profile import to_ms
from shared.profiles.record import COLLECTION as PROFILES
from shared.profiles.record import unpack
from shared.settings import Settings
from shared.stores.ports import Documents, Fields
from shared.telemetry import log, where
from training.changes import BATCH, Check, Digests, Packed, digest, write_changed
from training.collaborative.learner import NEVER, Floats, Learner
from training.collaborative.matrix import Matrix
from training.job import CRASHES
from training.results import Fitted, Refused

ACTIVE = timedelta(days=30)
PEOPLE = 20_000
N = 100

KEPT = timedelta(days=14)
RENEWED = timedelta(days=7)
"""A document that has less time left is written again though its items are the same."""

BLOCK_BYTES = 32_000_000
DIGITS = 2
"""Of a score: what changes by less is not written again."""


def active(matrix: Matrix, cutoff: datetime) -> list[int]:
    """The rows of those who were active lately, the latest first."""
    since_ms = to_ms(cutoff - ACTIVE)
    rows = np.argsort(-matrix.last_ms, kind="stable")
    found: list[int] = rows[matrix.last_ms[rows] >= since_ms][:PEOPLE].tolist()
    return found


def make_candidates(learner: Learner, matrix: Matrix, rows: Sequence[int]) -> Packed:
    """The packed candidates of the people of these rows, by person."""
    size = max(1, BLOCK_BYTES // (4 * len(matrix.item_ids)))
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        scores = learner.score(matrix.histories[some])
        scores[matrix.weights[some].nonzero()] = NEVER
        for row, ranking in zip(some, _rankings(scores, matrix.item_ids), strict=True):
            if ranking:
                yield matrix.people[row], pack(ranking)


async def refresh(
    documents: Documents, result: Fitted | Refused | None, now: datetime, settings: Settings, check: Check
) -> int:
    """The candidates of what is live now: those of this training if it is, else those of before that still count.

    Says how many documents that took. A crash is told in the log: candidates of before stay.
    """
    if not isinstance(result, Fitted) or result.candidates is None:
        return await drop_candidates(documents, now, settings)
    try:
        return await write_candidates(documents, result.version, result.candidates(), now, settings, check)
    except CRASHES as error:
        log("ERROR", "the candidates could not be made; those of before stay", stack_trace=where(error))
        return 0


async def write_candidates(
    documents: Documents, version: str, made: Packed, now: datetime, settings: Settings, check: Check
) -> int:
    """Make the collection hold these candidates and no others; says how many documents that took."""
    before: Digests = {}
    async for person, document in documents.scan(COLLECTION):
        packed, expires_at = document.fields.get("items"), document.fields.get(EXPIRES_AT)
        is_good = isinstance(expires_at, datetime) and expires_at - now > RENEWED
        before[person] = digest(packed) if is_good and isinstance(packed, bytes) else b""
    writer = _Writer(documents, before, version, now + KEPT, settings)
    await write_changed(before, made, writer.write, check)
    return writer.written


async def drop_candidates(documents: Documents, now: datetime, settings: Settings) -> int:
    """Delete the documents that have expired, and those of whom nothing counts any more; says how many."""
    held: Digests = {}
    gone: list[str] = []
    async for person, document in documents.scan(COLLECTION):
        if unpack_candidates(document.fields, now):
            held[person] = b""
        else:
            gone.append(person)
    for start in range(0, len(held), BATCH):
        some = [*held][start : start + BATCH]
        served = await _served(documents, some, settings)
        gone += [person for person in some if person not in served]
    await documents.delete(COLLECTION, gone)
    return len(gone)


class _Writer:
    """Writes documents of those who count, and deletes those held of others."""

    def __init__(
        self, documents: Documents, held: Digests, version: str, expires_at: datetime, settings: Settings
    ) -> None:
        self.written = 0
        self._documents = documents
        self._held = held
        self._version = version
        self._expires_at = expires_at
        self._settings = settings

    async def write(self, packed: Mapping[str, bytes | None]) -> None:
        wanted = [person for person, one in packed.items() if one is not None]
        served = await _served(self._documents, wanted, self._settings)
        fields: dict[str, Fields] = {
            person: pack_candidates(one, self._version, self._expires_at)
            for person, one in packed.items()
            if one is not None and person in served
        }
        if fields:
            await self._documents.merge(COLLECTION, fields)
        if gone := [person for person in packed if person not in served and person in self._held]:
            await self._documents.delete(COLLECTION, gone)
        self.written += len(fields) + len(gone)


async def _served(documents: Documents, people: Sequence[str], settings: Settings) -> set[str]:
    """Those of the people who count: the log was read a while ago, and some may have been erased since, put in
    quarantine, or withdrawn their consent."""
    found = await documents.get_many(PROFILES, people) if people else {}
    records = {person: unpack(document, settings) for person, document in found.items()}
    return {person for person, record in records.items() if not rests(record.standing, record.profile)}


def _rankings(scores: Floats, item_ids: list[str]) -> Iterator[Ranking]:
    """The best of each row, relative to the first, ties by item."""
    most = min(N, scores.shape[1])
    for row in scores:
        best = np.argpartition(-row, most - 1)[:most]
        best = best[np.lexsort((best, -row[best]))]
        top = float(row[best[0]])
        shares = ((item_ids[column], round(float(row[column]) / top, DIGITS)) for column in best) if top > 0 else ()
        yield [(item_id, share) for item_id, share in shares if share > 0]
