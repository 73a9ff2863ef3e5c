"""Item-to-item neighbours, and what else the log knows of items."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from shared.models.items import COLLECTION, pack_neighbours
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.queries import select, terms
from training.results import Batch, Fitted, Refused, version_of
from training.similarity import Similar, find_neighbours

if TYPE_CHECKING:
    import pyarrow

ITEMS_PER_PERSON = 500
BATCH = 250


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted | Refused:
    """Neighbours by what people had shown interest in by the cutoff, and the category of every item that has one."""
    values = {**terms(cutoff, settings), "items_per_person": ITEMS_PER_PERSON}
    table = select(warehouse, "interactions", values)
    if not table.num_rows:
        return Refused("nobody has shown interest in an item")
    item_ids, matrix = read_matrix(table)
    similar = find_neighbours(item_ids, matrix, settings.neighbours)
    if not len(similar.neighbours):
        return Refused(f"no two of {len(item_ids):,} items have interested the same person")
    facts = select(warehouse, "item_facts", values)
    categories = dict(zip(facts["item_id"].to_pylist(), facts["category"].to_pylist(), strict=True))
    version = version_of(cutoff, _digest(similar, categories))
    told = {"people": matrix.shape[0], "items": len(item_ids), "interactions": table.num_rows}
    return Fitted(version, lambda: make_documents(similar, categories, version), told)


def read_matrix(table: "pyarrow.Table") -> tuple[list[str], csr_matrix]:
    """Item ids in ascending order, and the weights: one row a person, one column an item."""
    people = table["person"].combine_chunks().dictionary_encode()
    items = table["item_id"].combine_chunks().dictionary_encode()
    found = items.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    rank = np.empty(len(found), dtype=np.int32)
    rank[order] = np.arange(len(found), dtype=np.int32)
    places = people.indices.to_numpy(), rank[items.indices.to_numpy()]
    shape = len(people.dictionary), len(found)
    return [found[index] for index in order], csr_matrix((table["weight"].to_numpy(), places), shape)


def make_documents(similar: Similar, categories: Mapping[str, str], version: str) -> Iterator[Batch]:
    """Item documents. An item that has lost all neighbours keeps the old ones; what else is known of an item stays."""
    places = {item_id: place for place, item_id in enumerate(similar.item_ids)}
    known = sorted(places.keys() | categories.keys())
    for start in range(0, len(known), BATCH):
        batch: dict[str, Fields] = {}
        for item_id in known[start : start + BATCH]:
            neighbours = similar.of(places[item_id]) if item_id in places else []
            category = {"category": categories[item_id]} if item_id in categories else {}
            batch[item_id] = {
                "item_id": item_id,
                **category,
                **(pack_neighbours(neighbours, version) if neighbours else {}),
            }
        yield COLLECTION, batch


def _digest(similar: Similar, categories: Mapping[str, str]) -> str:
    digest = blake2b(digest_size=16)
    for text in (*similar.item_ids, *(part for pair in sorted(categories.items()) for part in pair)):
        digest.update(text.encode() + b"\0")
    for array in similar[1:]:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
