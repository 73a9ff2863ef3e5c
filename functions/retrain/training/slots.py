"""The two slots of the item documents: the idle one is written while readers read the live one.

What a slot holds is known by digests, so nothing is read to find out what has changed. While a slot is being written
its header says so: whoever finds it like that does not trust the digests and looks at the documents themselves.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import msgspec

from shared.models import items
from shared.models.relations import SLOTS, Slot, field
from shared.stores.ports import Documents, Fields
from training.changes import DIGEST_BYTES, Check, Digests, Packed, digest, write_changed

COLLECTION = "model_slots"
CHUNK_BYTES = 700_000
"""A document holds a million."""


async def held(documents: Documents, version: str) -> Slot | None:
    """The slot that holds this version whole."""
    headers = await documents.get_many(COLLECTION, SLOTS)
    whole = (slot for slot in SLOTS if slot in headers and headers[slot].fields.get("version") == version)
    return next(whole, None)


async def write_slot(documents: Documents, slot: Slot, version: str, relations: Packed, check: Check) -> int:
    """Make the slot hold these relations and no others; says how many documents that took."""
    before = await _known(documents, slot)
    await documents.merge(COLLECTION, {slot: {"version": None, "chunks": 0}})
    after, written = await write_changed(before, relations, partial(_write, documents, slot), check)
    await _remember(documents, slot, version, after)
    return written


async def _write(documents: Documents, slot: Slot, packed: Mapping[str, bytes | None]) -> None:
    fields: dict[str, Fields] = {item_id: {"item_id": item_id, field(slot): one} for item_id, one in packed.items()}
    await documents.merge(items.COLLECTION, fields)


async def _known(documents: Documents, slot: Slot) -> Digests:
    """What the slot holds: by its digests, or by its documents where a writer did not come to the end."""
    header = await documents.get(COLLECTION, slot)
    if header is None or not header.fields.get("version"):
        return {
            key: digest(packed)
            async for key, document in documents.scan(items.COLLECTION)
            if isinstance(packed := document.fields.get(field(slot)), bytes)
        }
    chunks = header.fields.get("chunks")
    keys = [_chunk(slot, number) for number in range(chunks if isinstance(chunks, int) else 0)]
    found = await documents.get_many(COLLECTION, keys)
    digests: Digests = {}
    for key in keys:
        digests |= msgspec.msgpack.decode(found[key].fields["digests"], type=Digests)  # type: ignore[arg-type]
    return digests


async def _remember(documents: Documents, slot: Slot, version: str, digests: Digests) -> None:
    chunks = list(_split(digests))
    for number, chunk in enumerate(chunks):
        await documents.merge(COLLECTION, {_chunk(slot, number): {"digests": msgspec.msgpack.encode(chunk)}})
    await documents.merge(COLLECTION, {slot: {"version": version, "chunks": len(chunks)}})


def _split(digests: Digests) -> Iterator[Digests]:
    """Parts of so many bytes at most."""
    part: Digests = {}
    size = 0
    for item_id, known in digests.items():
        part[item_id] = known
        size += len(item_id.encode()) + DIGEST_BYTES + 8
        if size > CHUNK_BYTES:
            yield part
            part, size = {}, 0
    if part:
        yield part


def _chunk(slot: Slot, number: int) -> str:
    return f"{slot}/{number}"
