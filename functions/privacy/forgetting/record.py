"""The record of an erasure: what a crash resumes from, and what is left in the end, without an id in clear."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal

import msgspec

from forgetting.marks import FOREVER_MS, mark
from forgetting.order import Mode
from shared.stores.ports import ABSENT, Documents, Fields

COLLECTION = "erasures"


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One person's erasure; its document's key is the person's mark.

    Attributes:
        requested_at, erased_at, done_at: when it was asked for, when it began to hold, when it had been carried out.
        marks: mark → until when, in ms; of the person and of their devices.
        persons: the same by key, in clear. Empty once the state is `done`.
        hints: devices that the order named beside a user, whose they are being for the log to tell. Empty once `done`.
        owners: whose profiles hold events of an erased device: they are folded again. Empty once `done`.
        models: the versions of models that were trained on something of theirs, once that `is_looked_up`.
        removed: place → how much was there.
        version: of the document.
    """

    mode: Mode
    state: Literal["running", "done"]
    source: str
    requested_at: datetime
    erased_at: datetime
    done_at: datetime | None = None
    marks: dict[str, float]
    persons: dict[str, float] = {}
    hints: list[str] = []
    owners: list[str] = []
    models: list[str] = []
    is_looked_up: bool = False
    removed: dict[str, float] = {}
    version: str = ABSENT

    @property
    def is_for_ever(self) -> bool:
        return self.mode == "suppress"

    @property
    def untils(self) -> dict[str, int]:
        return {one: int(until_ms) for one, until_ms in self.marks.items()}

    @property
    def until_ms(self) -> int:
        """Until when the person themselves is erased."""
        return FOREVER_MS if self.is_for_ever else max(self.untils.values())


async def load(documents: Documents, key: str) -> Erasure | None:
    """The record of this mark."""
    document = await documents.get(COLLECTION, key)
    return _erasure(document.fields, document.version) if document else None


async def save(documents: Documents, key: str, erasure: Erasure) -> Erasure:
    """Keep the record. Raises ConflictError if somebody else has written it."""
    fields: Fields = {name: value for name, value in msgspec.structs.asdict(erasure).items() if name != "version"}
    return msgspec.structs.replace(erasure, version=await documents.put(COLLECTION, key, fields, erasure.version))


async def records(documents: Documents) -> AsyncIterator[tuple[str, Erasure]]:
    """All records, by mark."""
    async for key, document in documents.scan(COLLECTION):
        yield key, _erasure(document.fields, document.version)


def subject(erasure: Erasure, key: str) -> str | None:
    """The person of a record that is being carried out, in clear."""
    return next((person for person in erasure.persons if mark(person) == key), None)


def _erasure(fields: Fields, version: str) -> Erasure:
    return msgspec.convert({**fields, "version": version}, Erasure)
