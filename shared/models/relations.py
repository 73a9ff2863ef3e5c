"""What retrain knows of an item besides its facts: one packed field of the item's document, in one of two slots.

The pointer names the live slot. A training writes the other one, so that going live, and back, is one write.
"""

from typing import Literal, get_args

import msgspec

from shared.stores.ports import Fields

Slot = Literal["a", "b"]
SLOTS: tuple[Slot, ...] = get_args(Slot)

SLOT = "slot"
"""The pointer's field that names the live slot; without it, the first is."""

Ranking = list[tuple[str, float]]
"""(item, score in (0, 1]), best first."""


class Relations(msgspec.Struct, frozen=True, omit_defaults=True):
    """Other items that go with an item. What is empty takes no room; readers pass over fields they do not know.

    Attributes:
        neighbours: items that have interested the same people, by similarity.
        next: items that people go to from it within a visit, by probability.
        ways: previous item → how far to trust it, in [0, 1), and the items that people went to who had come from there.
        alike: items that are like it by their facts, of those that few people have met.
        unmet: likewise, of those that nobody has.
        sessions: the latest ones that have it, packed by shared/models/session_knn.py; where their source is heard.
    """

    neighbours: Ranking = []
    next: Ranking = []
    ways: dict[str, tuple[float, Ranking]] = {}
    alike: Ranking = []
    unmet: Ranking = []
    sessions: bytes = b""


NOTHING = Relations()

pack = msgspec.msgpack.Encoder().encode
"""Relations → their bytes. They name no version: what a new version leaves as it was needs no write."""

_decode = msgspec.msgpack.Decoder(Relations).decode


def field(slot: Slot) -> str:
    """The document's field that holds the slot."""
    return f"relations_{slot}"


def pack_relations(relations: Relations, slot: Slot = SLOTS[0]) -> Fields:
    """The field by which an item's relations are added to its document."""
    return {field(slot): pack(relations)}


def unpack_relations(fields: Fields, slot: Slot = SLOTS[0]) -> Relations:
    """The relations in this slot of an item's document."""
    packed = fields.get(field(slot))
    return _decode(packed) if isinstance(packed, bytes) else NOTHING


def other(slot: Slot) -> Slot:
    """The slot that a training may write while this one is live."""
    return "b" if slot == "a" else "a"


def live_slot(pointer: Fields) -> Slot:
    """The slot that the pointer names."""
    return "b" if pointer.get(SLOT) == "b" else "a"
