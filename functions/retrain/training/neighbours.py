"""Relations between items: neighbours, and where people go next."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from shared.models.relations import NOTHING, Relations, pack
from shared.settings import Settings
from shared.stores.ports import Warehouse
from training.content import NO_CONTENT, Content, read_content
from training.queries import select, terms
from training.results import Fitted, Refused, version_of
from training.sequences import Sequences, read_sequences
from training.similarity import Similar, find_neighbours

if TYPE_CHECKING:
    import pyarrow

ITEMS_PER_PERSON = 500


def fit(warehouse: Warehouse, cutoff: datetime, settings: Settings) -> Fitted | Refused:
    """Neighbours by what people had shown interest in by the cutoff."""
    values = {**terms(cutoff, settings), "items_per_person": ITEMS_PER_PERSON}
    table = select(warehouse, "interactions", values)
    if not table.num_rows:
        return Refused("nobody has shown interest in an item")
    item_ids, matrix = read_matrix(table)
    similar = find_neighbours(item_ids, matrix, settings.neighbours)
    if not len(similar.neighbours):
        return Refused(f"no two of {len(item_ids):,} items have interested the same person")
    sequences = read_sequences(warehouse, values)
    content = read_content(warehouse, values)
    version = version_of(cutoff, _digest(make_relations(similar, sequences, content)))
    told = {
        "people": matrix.shape[0],
        "items": len(item_ids),
        "interactions": table.num_rows,
        "with_next": len(sequences.next),
        "with_content": len(content.few.item_ids),
    }
    return Fitted(version, lambda: iter(()), told, lambda: make_relations(similar, sequences, content))


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


def make_relations(
    similar: Similar, sequences: Sequences, content: Content = NO_CONTENT
) -> Iterator[tuple[str, bytes]]:
    """The packed relations of every item that has any."""
    places = {item_id: place for place, item_id in enumerate(similar.item_ids)}
    alike = content.finder()
    for item_id in sorted(places.keys() | sequences.next.keys() | set(content.few.item_ids)):
        neighbours = similar.of(places[item_id]) if item_id in places else []
        nexts, ways = sequences.next.get(item_id, []), sequences.ways.get(item_id, {})
        relations = Relations(neighbours, nexts, ways, *alike(item_id))
        if relations != NOTHING:
            yield item_id, pack(relations)


def _digest(relations: Iterator[tuple[str, bytes]]) -> str:
    digest = blake2b(digest_size=16)
    for item_id, packed in relations:
        digest.update(item_id.encode() + b"\0" + packed)
    return digest.hexdigest()
