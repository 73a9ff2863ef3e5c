"""A small world of documents in memory: what is served if these models are live, without touching those that are."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from shared.errors import ConflictError
from shared.stores.ports import ABSENT, Document, Fields, Write

ONLY = "1"
"""The version of every document: nobody else writes here."""


class World:
    """Implements Documents, for a judgement and no longer."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._documents: dict[tuple[str, str], Fields] = {}

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:  # noqa: ARG002
        found = self._documents.get((collection, key))
        return None if found is None else Document(found, ONLY)

    async def get_many(self, collection: str, keys: Sequence[str]) -> dict[str, Document]:
        return {key: found for key in keys if (found := await self.get(collection, key))}

    async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
        return (await self.put_all([Write(collection, key, fields, version)]))[0]

    async def put_all(self, writes: Sequence[Write]) -> list[str]:
        for write in writes:
            if ((write.collection, write.key) in self._documents) != (write.version != ABSENT):
                raise ConflictError(f"{write.collection}/{write.key} is not at {write.version or 'ABSENT'}")
        for collection, key, fields, _ in writes:
            if fields is None:
                del self._documents[collection, key]
            else:
                self._documents[collection, key] = fields
        return [ABSENT if write.fields is None else ONLY for write in writes]

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        for key, fields in documents.items():
            self._documents[collection, key] = {**self._documents.get((collection, key), {}), **fields}

    async def delete(self, collection: str, keys: Sequence[str]) -> None:
        for key in keys:
            self._documents.pop((collection, key), None)

    async def scan(self, collection: str) -> AsyncIterator[tuple[str, Document]]:
        for (of, key), fields in list(self._documents.items()):
            if of == collection:
                yield key, Document(fields, ONLY)

    async def close(self) -> None:
        self._documents.clear()
