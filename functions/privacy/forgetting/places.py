"""Everywhere that something is held about people."""

from collections.abc import Callable
from typing import NamedTuple

from shared import wiring
from shared.settings import Settings
from shared.stores.ports import Documents, Letters, Topics, Warehouse


class Places(NamedTuple):
    """The stores of one stack."""

    documents: Documents
    topics: Topics
    warehouse: Warehouse
    letters: Callable[[], Letters]
    settings: Settings


def open_places(settings: Settings) -> Places:
    """The stores that these settings lead to."""
    return Places(
        wiring.documents(settings),
        wiring.topics(settings),
        wiring.warehouse(settings),
        lambda: wiring.letters(settings),
        settings,
    )
