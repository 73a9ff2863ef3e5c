"""The only place that chooses between backends. Each is opened when first asked for, once per process."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from shared.settings import Settings, read_settings
from shared.stores.ports import Documents, Letters, Topics, Warehouse

if TYPE_CHECKING:
    from shared.stores.embedded.queue import EmbeddedTopics

T = TypeVar("T")
Place = tuple[str, ...]

KEPT_LETTERS = "dead-letters-kept"
"""The subscription of the topic `dead-letters`."""

_documents: dict[Place, Documents] = {}
_topics: dict[Place, Topics] = {}
_warehouses: dict[Place, Warehouse] = {}
_lock = Lock()


@cache
def settings() -> Settings:
    """This process's settings, read once."""
    return read_settings(os.environ)


def clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def documents(settings: Settings) -> Documents:
    return _once(_documents, _place(settings), lambda: _open_documents(settings))


def topics(settings: Settings) -> Topics:
    return _once(_topics, _place(settings), lambda: _open_topics(settings))


def warehouse(settings: Settings) -> Warehouse:
    return _once(_warehouses, _place(settings), lambda: _open_warehouse(settings))


def letters(settings: Settings) -> Letters:
    """The dead letters, opened anew: the caller closes them."""
    if settings.backend == "embedded":
        from shared.stores.embedded.letters import EmbeddedLetters

        return EmbeddedLetters(Path(settings.data, "queue.sqlite"), KEPT_LETTERS, settings.store_deadline)
    from shared.stores.gcp.letters import PubSubLetters

    return PubSubLetters(settings.project, KEPT_LETTERS)


def queue(settings: Settings) -> "EmbeddedTopics":
    """The embedded topics, for those who also consume. Raises ValueError on another backend."""
    from shared.stores.embedded.queue import EmbeddedTopics

    found = topics(settings)
    if not isinstance(found, EmbeddedTopics):
        raise ValueError(f"backend: expected embedded, found {settings.backend}; there Pub/Sub delivers")
    return found


async def close_all() -> None:
    """Close what was opened; asking again opens it anew."""
    while _documents or _topics:
        _, store = (_documents or _topics).popitem()
        await store.close()
    while _warehouses:
        _warehouses.popitem()[1].close()


def _place(settings: Settings) -> Place:
    if settings.backend == "embedded":
        return "embedded", str(Path(settings.data).resolve())
    return "gcp", settings.project, settings.database, settings.dataset, settings.bigquery_endpoint


def _once(opened: dict[Place, T], place: Place, make: Callable[[], T]) -> T:
    with _lock:
        if place not in opened:
            opened[place] = make()
        return opened[place]


def _open_documents(settings: Settings) -> Documents:
    if settings.backend == "embedded":
        from shared.stores.embedded.documents import EmbeddedDocuments

        return EmbeddedDocuments(Path(settings.data, "documents.sqlite"), settings.store_deadline)
    from shared.stores.gcp.documents import FirestoreDocuments

    return FirestoreDocuments(settings.project, settings.database, settings.store_deadline)


def _open_topics(settings: Settings) -> Topics:
    if settings.backend == "embedded":
        from shared.stores.embedded.queue import EmbeddedTopics

        return EmbeddedTopics(Path(settings.data, "queue.sqlite"), settings.store_deadline)
    from shared.stores.gcp.topics import PubSubTopics

    return PubSubTopics(settings.project, settings.store_deadline)


def _open_warehouse(settings: Settings) -> Warehouse:
    if settings.backend == "embedded":
        from shared.stores.embedded.warehouse import EmbeddedWarehouse

        return EmbeddedWarehouse(Path(settings.data, "warehouse.duckdb"))
    from shared.stores.gcp.warehouse import BigQueryWarehouse

    return BigQueryWarehouse(settings.project, settings.dataset, settings.bigquery_endpoint, settings.store_deadline)
