"""Publishing: all documents of all models first, then the pointer, in one write."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime

from shared.models.artifact import COLLECTION, POINTER, VERSIONS, model_key
from shared.stores.ports import Documents, Fields
from training.results import Batch, Fitted, Model, Trained


async def remember(documents: Documents, trained: Mapping[Model, Trained], cutoff: datetime) -> None:
    """Note which versions learned from what had happened by the cutoff: whoever is erased is told which saw them."""
    versions: dict[str, Fields] = {
        model_key(name, result.version): {"name": name, "version": result.version, "cutoff": cutoff}
        for name, (result, _) in trained.items()
        if isinstance(result, Fitted)
    }
    if versions:
        await documents.merge(VERSIONS, versions)


async def publish(documents: Documents, trained: Mapping[Model, Trained]) -> None:
    """Store what was fitted and make it live. Until the last write every reader sees the models of before.

    Neighbours are in the item documents and so take effect item by item; each carries its version.
    """
    versions: dict[str, str] = {}
    for model, (result, _) in trained.items():
        if isinstance(result, Fitted):
            await _store(documents, result.documents())
            versions[model] = result.version
    if versions:
        await documents.merge(COLLECTION, {POINTER: versions})


async def _store(documents: Documents, batches: Iterator[Batch]) -> None:
    # A batch is made in a thread: thousands of neighbours to pack must not hold up the event loop.
    while batch := await asyncio.to_thread(next, batches, None):
        await documents.merge(*batch)
