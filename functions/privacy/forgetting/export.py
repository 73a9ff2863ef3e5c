"""The export: everything held about a person, as JSON lines that are made while they are read."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from forgetting import devices, letters, log, models
from forgetting.documents import BESIDE
from forgetting.marks import FOREVER_MS, Persons, mark, marks_of
from forgetting.places import Places
from forgetting.readable import readable
from forgetting.record import load
from shared.profiles import tombstones
from shared.profiles.profile import from_ms
from shared.profiles.record import COLLECTION, PACKED, unpack
from shared.sql import JSON_COLUMNS
from shared.stores.ports import Letter

Line = dict[str, Any]

_encode = msgspec.json.Encoder(enc_hook=str).encode


async def holdings(places: Places, person: str) -> Persons:
    """The person and the devices whose anonymous events are theirs. Raises RetryableError."""
    linked = await devices.linked(places, person)
    known = devices.joined(linked, await devices.logged(places, person, linked, FOREVER_MS))
    return devices.theirs(person, known, FOREVER_MS)


async def lines(places: Places, persons: Persons, now: datetime) -> AsyncIterator[bytes]:
    """One JSON object a line, each with the `place` where it lies; the last one is `end`, with their number.

    Without it, the export broke off: raises RetryableError.
    """
    n = 0
    async for line in _all(places, persons, now):
        n += 1
        yield _encode(line) + b"\n"
    yield _encode({"place": "end", "lines": n}) + b"\n"


async def _all(places: Places, persons: Persons, now: datetime) -> AsyncIterator[Line]:
    person, *_ = persons
    whose = {one: None if ms == FOREVER_MS else from_ms(ms) for one, ms in persons.items()}
    yield {"place": "person", "person": person, "until": whose, "exported_at": now}
    async for line in _documents(places, persons):
        yield line
    marks = marks_of(persons)
    for table in log.TABLES:
        pages = log.pages(places.warehouse, table, marks)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            for row in page:
                yield {"place": table, "row": _row(row)}
    for letter in await asyncio.to_thread(_letters, places, marks):
        yield _letter(letter)
    counted = await asyncio.to_thread(log.count, places.warehouse, marks)
    for version in await models.seen_by(places.documents, counted.first_ms):
        yield {"place": "models", "version": version}


async def _documents(places: Places, persons: Persons) -> AsyncIterator[Line]:
    for key in persons:  # of a share there is no document: the device's is others', too
        if document := await places.documents.get(COLLECTION, key):
            record = unpack(document, places.settings)
            face = {name: value for name, value in document.fields.items() if name not in PACKED}
            packed = {"state": readable(record.profile), "standing": readable(record.standing)}
            yield {"place": "profiles", "key": key, "face": face, **packed}
        for collection in BESIDE:
            if beside := await places.documents.get(collection, key):
                yield {"place": collection, "key": key, "fields": _unpacked(beside.fields)}
        if erased_ms := await tombstones.erased_ms(places.documents, key):
            yield {"place": "tombstones", "key": key, "erased_at": from_ms(erased_ms)}
        if erasure := await load(places.documents, mark(key)):
            yield {"place": "erasures", "key": key, "record": readable(erasure)}


def _unpacked(fields: Mapping[str, Any]) -> Line:
    return {
        name: readable(msgspec.msgpack.decode(value)) if isinstance(value, bytes) else value
        for name, value in fields.items()
    }


def _row(row: log.Row) -> Line:
    """Without what it does not say; JSON columns as JSON."""
    told = {name: value for name, value in row.items() if value not in (None, [])}
    for name in JSON_COLUMNS:
        if name in told:
            told[name] = msgspec.Raw(told[name].encode())
    return told


def _letters(places: Places, marks: Mapping[str, int]) -> Sequence[Letter]:
    found: list[Letter] = []
    letters.sift(places.letters, marks, found.append)
    return found


def _letter(letter: Letter) -> Line:
    message = letter.message
    line: Line = {"place": "dead_letters", "attributes": dict(message.attributes), "key": message.key}
    try:
        return {**line, "data": message.data.decode()}
    except UnicodeDecodeError:
        return {**line, "data_base64": b64encode(message.data).decode()}
