"""Documents in Firestore."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

from grpc.aio import Channel

from shared.stores.gcp import firestore_rpc as rpc
from shared.stores.gcp.channels import Channels
from shared.stores.gcp.codec import decode, encode, paths
from shared.stores.gcp.failures import failures
from shared.stores.gcp.firestore_calls import BYTES_PER_CALL, READS_PER_CALL, WRITES_PER_CALL, FirestoreCalls
from shared.stores.gcp.requests import batches
from shared.stores.ports import ABSENT, Document, Fields, Write
from shared.stores.values import check_fields, check_key, check_size

KEY = "_key"
"""The field that holds the caller's key, for the document's id is a hash of it."""


class FirestoreDocuments:
    """Implements Documents."""

    def __init__(self, project: str, database: str, deadline: timedelta) -> None:
        self.counts: Counter[str] = Counter()
        self._database = f"projects/{project}/databases/{database}"
        self._timeout_s = deadline.total_seconds()
        self._channels = Channels(rpc.HOST, os.environ.get("FIRESTORE_EMULATOR_HOST"), self._calls_on)

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:
        name = self._name(collection, key)
        self.counts["reads"] += 1
        calls = await self._channels.stub()
        with failures(collection):
            found = await calls.read(name, None if fields is None else _mask(tuple(fields)))
        return None if found is None else _document(found)[1]

    async def get_many(self, collection: str, keys: Sequence[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        self.counts["reads"] += len(keys)
        calls = await self._channels.stub()
        with failures(f"{collection}: {len(keys)} documents"):
            for some in _chunks(keys, READS_PER_CALL):
                documents = await calls.read_all([self._name(collection, key) for key in some])
                found.update(_document(document) for document in documents.values())
        return found

    async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
        [new] = await self.put_all([Write(collection, key, fields, version)])
        return new

    async def put_all(self, writes: Sequence[Write]) -> list[str]:
        conditional = [self._conditional(write) for write in writes]
        self.counts["writes"] += len(writes)
        calls = await self._channels.stub()
        with failures(writes[0].collection, conditional=True):
            if len(writes) == 1:
                results: Sequence[Any] = [await calls.write(conditional[0])]
            else:
                results = await calls.write_all(conditional)
        written = zip(writes, results, strict=True)
        return [ABSENT if write.fields is None else _version(result.update_time) for write, result in written]

    def _conditional(self, wanted: Write) -> Any:
        if wanted.fields is None:
            write = rpc.Write(delete=self._name(wanted.collection, wanted.key))
        else:
            write = self._write(wanted.collection, wanted.key, wanted.fields)
        if wanted.version == ABSENT:
            write.current_document.exists = False
        else:
            seconds, nanos = wanted.version.split(".")
            write.current_document.update_time.seconds = int(seconds)
            write.current_document.update_time.nanos = int(nanos)
        return write

    async def merge(self, collection: str, documents: Mapping[str, Fields]) -> None:
        writes = [self._write(collection, key, fields) for key, fields in documents.items()]
        for write, fields in zip(writes, documents.values(), strict=True):
            write.update_mask.field_paths.extend(paths([KEY, *fields]))
        await self._write_all(collection, writes)

    async def delete(self, collection: str, keys: Sequence[str]) -> None:
        await self._write_all(collection, [rpc.Write(delete=self._name(collection, key)) for key in keys])

    async def scan(self, collection: str) -> AsyncIterator[tuple[str, Document]]:
        token = ""
        while True:
            calls = await self._channels.stub()
            with failures(f"{collection}: a page"):
                page = await calls.page(collection, token)
            self.counts["reads"] += len(page.documents)
            for found in page.documents:
                yield _document(found)
            if not (token := page.next_page_token):
                return

    async def close(self) -> None:
        await self._channels.close()

    def _calls_on(self, channel: Channel) -> FirestoreCalls:
        return FirestoreCalls(self._database, self._timeout_s, self._channels.metadata, channel)

    def _name(self, collection: str, key: str) -> str:
        # A hash: it never grows monotonically, which would heat one server, and is free of what an id must not contain.
        check_key(key)
        return f"{self._database}/documents/{collection}/{blake2b(key.encode(), digest_size=16).hexdigest()}"

    def _write(self, collection: str, key: str, fields: Fields) -> Any:
        check_fields(fields)
        write = rpc.Write()
        write.update.name = self._name(collection, key)
        encode({KEY: key, **fields}, write.update)
        check_size(write.update.ByteSize())
        return write

    async def _write_all(self, collection: str, writes: Sequence[Any]) -> None:
        self.counts["writes"] += len(writes)
        calls = await self._channels.stub()
        with failures(f"{collection}: {len(writes)} documents"):
            for some in batches(writes, WRITES_PER_CALL, BYTES_PER_CALL):
                await calls.write_all(some)


@cache
def _mask(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(paths([KEY, *fields]))


def _document(found: Any) -> tuple[str, Document]:
    fields = decode(found)
    key = fields.pop(KEY, None) or found.name.rpartition("/")[2]
    return str(key), Document(fields, _version(found.update_time))


def _version(update_time: Any) -> str:
    return f"{update_time.seconds}.{update_time.nanos:09d}"


def _chunks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
