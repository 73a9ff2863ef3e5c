"""Item documents: what is known of an item, and its neighbours as the model has them."""

from collections.abc import Sequence

import msgspec

from shared.stores.ports import Fields

COLLECTION = "items"

Neighbours = list[tuple[str, float]]
"""(item, similarity in (0, 1]), most similar first."""


class Item(msgspec.Struct, frozen=True):
    """An item as the hot path sees it."""

    item_id: str
    name: str | None = None
    category: str | None = None
    hidden: bool = False
    neighbours: Neighbours = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Neighbours).decode


def unpack_item(item_id: str, fields: Fields) -> Item:
    """The item of its document."""
    packed, name, category = fields.get("neighbours"), fields.get("name"), fields.get("category")
    return Item(
        item_id,
        name if isinstance(name, str) else None,
        category if isinstance(category, str) else None,
        fields.get("hidden") is True,
        _decode(packed) if isinstance(packed, bytes) else [],
    )


def pack_neighbours(neighbours: Sequence[tuple[str, float]], version: str) -> Fields:
    """The fields by which retrain adds an item's neighbours to its document."""
    return {"neighbours": _encode(neighbours), "neighbours_version": version}
