"""Publishing: all documents of all models first, then the pointer, in one write; and going back to what was live."""

import asyncio
from collections.abc import Iterator, Mapping

from shared.errors import ConflictError, RetryableError
from shared.models.artifact import COLLECTION, POINTER, model_key
from shared.models.relations import SLOT, Slot, live_slot, other
from shared.stores.ports import ABSENT, Documents, Fields, Value
from training.changes import Check
from training.results import Batch, Fitted, Model, Trained
from training.slots import write_slot

ATTEMPTS = 5

RELATED: Model = "neighbours"
"""The model whose data lie in the item documents."""


async def unchecked() -> None:
    """For those who write alone."""


async def publish(documents: Documents, trained: Mapping[Model, Trained], check: Check = unchecked) -> dict[str, str]:
    """Store what was fitted and make it live. Until the last write every reader sees the models of before.

    Says which version of each model was live before. Raises RetryableError; then nothing is live that was not.
    """
    fitted = {model: each.result for model, each in trained.items() if isinstance(each.result, Fitted)}
    if not fitted:
        return {}
    before = await read_pointer(documents)
    changes: dict[str, Value] = {model: result.version for model, result in fitted.items()}
    for result in fitted.values():
        await store(documents, result, check)
        if result.relations is not None:
            slot = other(live_slot(before))
            await write_slot(documents, slot, result.version, result.relations(), check)
            changes[SLOT] = slot
    await check()
    return await move_pointer(documents, changes, live_slot(before))


async def store(documents: Documents, result: Fitted, check: Check = unchecked) -> None:
    """Store the documents of a model, but for what belongs into those of items."""
    batches = result.documents()
    # A batch is made in a thread: a large model to pack must not hold up the event loop.
    while batch := await asyncio.to_thread(_next, batches):
        await check()
        await documents.merge(*batch)


async def read_pointer(documents: Documents) -> Fields:
    """What is live: versions by model, and the slot."""
    pointer = await documents.get(COLLECTION, POINTER)
    return pointer.fields if pointer else {}


async def move_pointer(documents: Documents, changes: Fields, slot: Slot) -> dict[str, str]:
    """Change the pointer, by compare-and-set; what it said before of the models changed.

    Raises RetryableError, also when `slot` is no longer the live one: somebody else has moved it.
    """
    for _ in range(ATTEMPTS):
        found = await documents.get(COLLECTION, POINTER)
        fields: Fields = found.fields if found else {}
        if live_slot(fields) != slot:
            raise RetryableError("another version of the relations has gone live meanwhile")
        try:
            await documents.put(COLLECTION, POINTER, {**fields, **changes}, found.version if found else ABSENT)
        except ConflictError:
            continue
        return {name: str(fields[name]) for name in changes if name != SLOT and name in fields}
    raise RetryableError(f"the pointer was moved by others {ATTEMPTS} times")


async def live_models(documents: Documents, pointer: Fields) -> dict[str, Fields]:
    """The documents of the live models by name; of the relations there is none."""
    keys = {model_key(name, str(version)): name for name, version in pointer.items() if name != SLOT}
    found = await documents.get_many(COLLECTION, list(keys))
    return {keys[key]: document.fields for key, document in found.items()}


def _next(batches: Iterator[Batch]) -> Batch | None:
    return next(batches, None)
