"""What is shown while no store can be reached from a new instance: popular items that came with its image."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from shared.models.items import Item
from shared.models.popularity import PopularityModel

FILE = "fallback.json"
"""An answer of `GET /v1/recommendations` to a stranger, as `infra/dev.py stage --fallback` leaves it beside main.py."""


class _Known(Item, frozen=True, kw_only=True):
    """An item of the answer: its facts, and its score."""

    score: float


class _Answer(msgspec.Struct):
    items: list[_Known]


class Fallback(NamedTuple):
    """Popularity, and what is known of the items."""

    popularity: PopularityModel
    items: Sequence[Item]


NONE = Fallback(PopularityModel("", [], {}), ())


def read_fallback(folder: Path) -> Fallback:
    """What came with the image in this folder. Raises msgspec.DecodeError if it is no answer."""
    file = folder / FILE
    return parse_fallback(file.read_bytes()) if file.is_file() else NONE


def parse_fallback(answer: bytes) -> Fallback:
    """The items of an answer, with its scores as their popularity. Raises msgspec.DecodeError."""
    items = msgspec.json.decode(answer, type=_Answer).items
    ranking = sorted(((one.item_id, one.score) for one in items), key=lambda pair: (-pair[1], pair[0]))
    return Fallback(PopularityModel("fallback", ranking, {}), items)
