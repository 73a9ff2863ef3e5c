"""Documents in Firestore."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from grpc.aio import AioRpcError

from shared.stores.gcp import firestore_rpc as rpc
from shared.stores.gcp.channels import Channels
from shared.stores.gcp.codec import decode, encode, paths
from shared.stores.gcp.failures import failures, is_missing_document
from shared.stores.gcp.requests import batches
from shared.stores.ports import ABSENT, Document, Fields, Write
from shared.stores.values import check_fields, check_key, check_size

KEY = "_key"
"""The field that holds the caller's key, for the document's id is a hash of it."""

READS_PER_CALL = 300
WRITES_PER_CALL = 500
BYTES_PER_CALL = 3_500_000  # the service takes 10 MiB, its emulator 4


class FirestoreDocuments:
    """Implements Documents."""

    def __init__(self, project: str, database: str, deadline: timedelta) -> None:
        self.counts: Counter[str] = Counter()
        self._database = f"projects/{project}/databases/{database}"
        self._timeout = deadline.total_seconds()
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
        self._channels = Channels(rpc.Transport, emulator, rpc.FirestoreStub)

    async def get(self, collection: str, key: str, fields: Sequence[str] | None = None) -> Document | None:
        request = rpc.GetDocumentRequest(name=self._name(collection, key))
        if fields is not None:
            request.mask.field_paths.extend(paths([KEY, *fields]))
        self.counts["reads"] += 1
        stub = await self._channels.stub()
        with failures(f"{collection}/{key}"):
            try:
                found = await stub.get_document(request, **self._call("name", request.name))
            except AioRpcError as error:
                if is_missing_document(error):
                    return None
                raise
        return _document(found)[1]

    async def get_many(self, collection: str, keys: Sequence[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        self.counts["reads"] += len(keys)
        stub = await self._channels.stub()
        with failures(f"{collection}: {len(keys)} documents"):
            for some in _chunks(keys, READS_PER_CALL):
                request = rpc.BatchGetDocumentsRequest(database=self._database)
                request.documents.extend(self._name(collection, key) for key in some)
                async for answer in stub.batch_get_documents(request, **self._call("database", self._database)):
                    if answer.HasField("found"):
                        key, document = _document(answer.found)
                        found[key] = document
        return found

    async def put(self, collection: str, key: str, fields: Fields, version: str) -> str:
        [new] = await self.put_all([Write(collection, key, fields, version)])
        return new

    async def put_all(self, writes: Sequence[Write]) -> list[str]:
        conditional = [self._conditional(write) for write in writes]
        with failures(f"{writes[0].collection}/{writes[0].key}", conditional=True):
            answer = await self._commit(conditional)
        written = zip(writes, answer.write_results, strict=True)
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
        await self._commit_all(collection, writes)

    async def delete(self, collection: str, keys: Sequence[str]) -> None:
        await self._commit_all(collection, [rpc.Write(delete=self._name(collection, key)) for key in keys])

    async def scan(self, collection: str) -> AsyncIterator[tuple[str, Document]]:
        parent = f"{self._database}/documents"
        request = rpc.ListDocumentsRequest(parent=parent, collection_id=collection, page_size=READS_PER_CALL)
        while True:
            stub = await self._channels.stub()
            with failures(f"{collection}: a page"):
                page = await stub.list_documents(request, **self._call("parent", parent))
            self.counts["reads"] += len(page.documents)
            for found in page.documents:
                yield _document(found)
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    async def close(self) -> None:
        await self._channels.close()

    def _name(self, collection: str, key: str) -> str:
        # A hash: it never grows monotonically, which would heat one server, and is free of what an id must not contain.
        check_key(key)
        return f"{self._database}/documents/{collection}/{blake2b(key.encode(), digest_size=16).hexdigest()}"

    def _write(self, collection: str, key: str, fields: Fields) -> Any:
        check_fields(fields)
        write = rpc.Write()
        write.update.name = self._name(collection, key)
        encode({KEY: key, **fields}, write.update)
        check_size(key, write.update.ByteSize())
        return write

    async def _commit_all(self, collection: str, writes: Sequence[Any]) -> None:
        with failures(f"{collection}: {len(writes)} documents"):
            for some in batches(writes, WRITES_PER_CALL, BYTES_PER_CALL):
                await self._commit(some)

    async def _commit(self, writes: Sequence[Any]) -> Any:
        self.counts["writes"] += len(writes)
        request = rpc.CommitRequest(database=self._database, writes=writes)
        stub = await self._channels.stub()
        return await stub.commit(request, **self._call("database", self._database))

    def _call(self, field: str, value: str) -> dict[str, Any]:
        routing = to_grpc_metadata([(field, value)])  # type: ignore[no-untyped-call]
        return {"timeout": self._timeout, "metadata": (routing, *self._channels.metadata)}


def _document(found: Any) -> tuple[str, Document]:
    fields = decode(found)
    key = fields.pop(KEY, None) or found.name.rpartition("/")[2]
    return str(key), Document(fields, _version(found.update_time))


def _version(update_time: Any) -> str:
    return f"{update_time.seconds}.{update_time.nanos:09d}"


def _chunks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
