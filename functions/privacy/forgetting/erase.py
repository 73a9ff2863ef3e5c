"""An erasure: a record first, so that it survives a crash at any point; then every place, until each is empty.

`begin` makes serving forget at once, and is all that somebody waits for. `finish` does the rest: it reads the whole
log. Both may be done again at any time and from any point. See infra/decisions/0027.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from forgetting import devices, documents, letters, log, models
from forgetting.marks import FOREVER_MS, mark, marks_of, union
from forgetting.order import Order
from forgetting.places import Places
from forgetting.record import Erasure, load, save, subject
from shared.profiles import refolds
from shared.profiles.outbox import message_of
from shared.profiles.profile import to_ms
from shared.profiles.standing import Standing


async def begin(order: Order, places: Places, now: datetime) -> tuple[str, Erasure]:
    """The erasure's mark and record; from now on serving knows nothing of the person. Raises RetryableError."""
    key = mark(order.person)
    erasure = await _open(order, key, places, now)
    return key, erasure if erasure.state == "done" else await _forget(key, erasure, places)


async def finish(key: str, erasure: Erasure, places: Places, now: datetime) -> Erasure:
    """The record of an erasure that has been carried out. Raises RetryableError; what was done stays done."""
    person = subject(erasure, key)
    if erasure.state == "done" or person is None:
        return erasure
    known = [*_devices(erasure, person), *erasure.hints]
    logged = await devices.logged(places, person, known, int(erasure.persons[person]))
    claims = {hint: Standing() for hint in erasure.hints} | logged
    erasure = await _forget(key, erasure, places, claims)
    marks = erasure.untils
    counted = await asyncio.to_thread(log.count, places.warehouse, marks)
    if not erasure.is_looked_up:
        seen = {*erasure.models, *await models.seen_by(places.documents, counted.first_ms)}
        erasure = await _change(key, erasure, places, models=sorted(seen), is_looked_up=True)
    if counted.rows.total():
        await asyncio.to_thread(log.delete, places.warehouse, marks)
    thrown_away = await asyncio.to_thread(letters.sift, places.letters, marks)
    erasure = await _forget(key, erasure, places)  # who was being folded meanwhile
    await _refold(erasure, places, now)
    removed = {**counted.rows, "dead_letters": thrown_away}
    return await _close(key, erasure, places, removed, now)


async def resume(key: str, erasure: Erasure, places: Places, now: datetime) -> Erasure:
    """Carry out what was begun, by its record alone."""
    return await finish(key, await _forget(key, erasure, places), places, now)


async def reopen(person: str, erasure: Erasure, places: Places, now: datetime) -> Erasure:
    """Carry out an erasure once more, for what is known of the person's devices since."""
    key = mark(person)
    persons = {person: erasure.marks[key]}
    return await finish(key, await _change(key, erasure, places, state="running", persons=persons), places, now)


async def _open(order: Order, key: str, places: Places, now: datetime) -> Erasure:
    """The record as it was, if it is of this order; else a new one, which keeps the marks of those before."""
    known = await load(places.documents, key)
    requested_at = order.requested_at or now
    stronger = order.mode == "suppress" and known is not None and not known.is_for_ever
    if known and requested_at <= known.requested_at and not stronger:
        return known
    for_ever = order.mode == "suppress" or (known is not None and known.is_for_ever)
    until_ms = FOREVER_MS if for_ever else to_ms(now)
    persons = devices.theirs(order.person, await devices.linked(places, order.person), until_ms)
    fresh = Erasure(
        mode="suppress" if for_ever else "delete",
        state="running",
        source=order.source[:32],
        requested_at=requested_at,
        erased_at=now,
        marks=_floats(union([known.untils if known else {}, marks_of(persons)])),
        persons=_floats(persons),
        hints=[f"a:{order.anonymous_id}"] if order.user_id is not None and order.anonymous_id is not None else [],
        models=known.models if known else [],
        removed=known.removed if known else {},
        version=known.version if known else "",
    )
    return await save(places.documents, key, fresh)


async def _forget(
    key: str, erasure: Erasure, places: Places, logged: Mapping[str, Standing] = MappingProxyType({})
) -> Erasure:
    """Tombstones, then the documents of the person and their devices, whose claims tell of more devices."""
    person = subject(erasure, key)
    if person is None:
        return erasure
    await documents.bury(places, {person: erasure.until_ms})
    linked = await devices.linked(places, person, [*_devices(erasure, person), *logged])
    found = devices.joined(linked, logged)
    erasure = await _add(key, person, found, erasure, places)
    await documents.bury(places, {one: int(ms) for one, ms in erasure.persons.items() if not one.startswith("s:")})
    done = [await documents.forget(places, one, erasure.untils) for one in sorted({person, *found})]
    return (
        await _change(key, erasure, places, removed=_added(erasure, {"profiles": sum(done)})) if any(done) else erasure
    )


async def _add(key: str, person: str, found: devices.Devices, erasure: Erasure, places: Places) -> Erasure:
    """The record with the devices that were found to be theirs, before any document that says so is deleted."""
    persons = devices.theirs(person, found, int(erasure.persons[person]))
    fresh = {one: float(ms) for one, ms in persons.items() if one not in erasure.persons}
    owners = sorted({*erasure.owners, *devices.owners(person, found)})
    if not fresh and owners == erasure.owners:
        return erasure
    marks = _floats(union([erasure.untils, marks_of({one: int(ms) for one, ms in fresh.items()})]))
    return await _change(key, erasure, places, marks=marks, persons={**erasure.persons, **fresh}, owners=owners)


async def _refold(erasure: Erasure, places: Places, now: datetime) -> None:
    """Those whose profiles counted events of an erased device are folded again without them."""
    if erasure.owners:
        note = refolds.ask([*erasure.owners, *erasure.persons], "erasure", to_ms(now))
        await places.topics.publish(note.topic, [message_of(note)])


async def _close(key: str, erasure: Erasure, places: Places, removed: dict[str, int], now: datetime) -> Erasure:
    """The record without anybody's id."""
    counts = _added(erasure, removed)
    return await _change(
        key, erasure, places, state="done", done_at=now, persons={}, hints=[], owners=[], removed=counts
    )


def _devices(erasure: Erasure, person: str) -> list[str]:
    """The devices that are known to be theirs, or in part."""
    return [f"a:{one[2:]}" for one in erasure.persons if one != person]


async def _change(key: str, erasure: Erasure, places: Places, **changes: object) -> Erasure:
    return await save(places.documents, key, msgspec.structs.replace(erasure, **changes))


def _added(erasure: Erasure, removed: dict[str, int]) -> dict[str, float]:
    places = {*erasure.removed, *removed}
    return {place: erasure.removed.get(place, 0.0) + removed.get(place, 0) for place in sorted(places)}


def _floats(numbers: dict[str, int]) -> dict[str, float]:
    return {name: float(number) for name, number in numbers.items()}
