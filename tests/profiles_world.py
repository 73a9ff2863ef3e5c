"""Profiles as they live: events folded by the committer, logged, and refolded."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import cast

from infra.local.bridge import to_row
from infra.local.layout import ROOT
from refolding.parts import Parts
from refolding.refold import Refolder
from shared.events.event import Event, encode_event
from shared.profiles import refolds
from shared.profiles.commit import Committer
from shared.profiles.fold import read_terms
from shared.profiles.record import COLLECTION, Record, unpack
from shared.settings import Settings
from shared.stores.ports import Documents, Message, Warehouse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Published:
    """Topics that keep what they are given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Message]] = []

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        self.messages += [(topic, message) for message in messages]

    async def check(self, topic: str) -> None:
        pass

    async def close(self) -> None:
        pass

    def take_refolds(self) -> list[list[str]]:
        """The people to be refolded, of each request since the last look."""
        asked = [
            refolds.read_refold(message.data).persons for topic, message in self.messages if topic == refolds.TOPIC
        ]
        self.messages = [(topic, message) for topic, message in self.messages if topic != refolds.TOPIC]
        return asked


class World:
    """One site's stores, with a writer of profiles and a refolder beside it."""

    def __init__(self, documents: Documents, warehouse: Warehouse, settings: Settings | None = None) -> None:
        self.documents = documents
        self.warehouse = warehouse
        self.settings = settings or Settings()
        self.terms = read_terms(self.settings)
        self.topics = Published()
        self.committer = self.new_committer()
        self.refolder = Refolder(documents, lambda: warehouse, self.settings, lambda: NOW, looks_s=(0.0,))
        warehouse.run((ROOT / "infra/sql/tables.sql").read_text())

    def new_committer(self) -> Committer:
        return Committer(self.documents, self.topics, self.terms, self.settings, lambda: NOW)

    @property
    def parts(self) -> Parts:
        """This world as the function profiles would have it."""
        return cast(Parts, self)

    async def model(self) -> None:
        """There is no model of personas here."""

    def log(self, events: Iterable[Event]) -> None:
        self.warehouse.append("events", [to_row(encode_event(event)) for event in events])

    async def refold_what_was_asked(self) -> None:
        """Until nothing is asked for any more."""
        while asked := self.topics.take_refolds():
            for people in asked:
                await self.refolder.refold(people)

    async def records(self) -> dict[str, Record]:
        return {key: unpack(document, self.settings) async for key, document in self.documents.scan(COLLECTION)}
