"""The calls to Firestore of one event loop: single reads and writes that come at the same time share one.

BatchWrite is not atomic, which is what single writes want: each succeeds or fails by its own condition, and the answer
holds a status for each. It refuses a request that names a document twice.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import grpc.aio
from grpc.aio import AioRpcError

from shared.stores.gcp import firestore_rpc as rpc
from shared.stores.gcp.channels import Metadata, routing
from shared.stores.gcp.failures import is_missing_document, status_error
from shared.stores.gcp.together import Together

READS_PER_CALL = 300
WRITES_PER_CALL = 500
BYTES_PER_CALL = 3_500_000  # the service takes 10 MiB, its emulator 4

Mask = tuple[str, ...] | None
"""The paths of the fields that are asked for; None: all."""


class FirestoreCalls:
    """Calls on protobuf messages, each within the deadline. Raises AioRpcError."""

    def __init__(self, database: str, timeout_s: float, metadata: Metadata, channel: grpc.aio.Channel) -> None:
        self._database = database
        self._parent = f"{database}/documents"
        self._timeout_s = timeout_s
        self._metadata = metadata
        self._stub = rpc.FirestoreStub(channel)
        self._options = self._call("database", database)
        self._reads: dict[Mask, Together[str, Any]] = {}
        self._writes: Together[Any, Any] = Together(self._write_each, WRITES_PER_CALL, BYTES_PER_CALL)

    async def read(self, name: str, mask: Mask) -> Any:
        """The document, or None."""
        if mask not in self._reads:
            self._reads[mask] = Together(partial(self._read_each, mask), READS_PER_CALL, BYTES_PER_CALL)
        return await self._reads[mask].ask(name, name)

    async def read_all(self, names: Sequence[str], mask: Mask = None) -> dict[str, Any]:
        """Those of at most READS_PER_CALL documents that exist, by name."""
        request = rpc.BatchGetDocumentsRequest(database=self._database, documents=names)
        if mask is not None:
            request.mask.field_paths.extend(mask)
        answers = self._stub.batch_get_documents(request, **self._options)
        return {answer.found.name: answer.found async for answer in answers if answer.HasField("found")}

    async def write(self, write: Any) -> Any:
        """Apply one write; its result."""
        return await self._writes.ask(write.update.name or write.delete, write, write.ByteSize())

    async def write_all(self, writes: Sequence[Any]) -> Sequence[Any]:
        """Apply all writes or none; their results."""
        answer = await self._stub.commit(rpc.CommitRequest(database=self._database, writes=writes), **self._options)
        results: Sequence[Any] = answer.write_results
        return results

    async def page(self, collection: str, token: str) -> Any:
        """Documents of a collection, and the token of the next page: empty at the end, as before the first."""
        request = rpc.ListDocumentsRequest(parent=self._parent, collection_id=collection, page_size=READS_PER_CALL)
        request.page_token = token
        return await self._stub.list_documents(request, **self._call("parent", self._parent))

    async def _read_each(self, mask: Mask, names: Sequence[str]) -> list[Any]:
        if len(names) == 1:
            return [await self._read(names[0], mask)]
        found = await self.read_all(names, mask)
        return [found.get(name) for name in names]

    async def _read(self, name: str, mask: Mask) -> Any:
        request = rpc.GetDocumentRequest(name=name)
        if mask is not None:
            request.mask.field_paths.extend(mask)
        try:
            return await self._stub.get_document(request, **self._call("name", name))
        except AioRpcError as error:
            if is_missing_document(error):
                return None
            raise

    async def _write_each(self, writes: Sequence[Any]) -> Sequence[Any]:
        if len(writes) == 1:
            return await self.write_all(writes)
        request = rpc.BatchWriteRequest(database=self._database, writes=writes)
        answer = await self._stub.batch_write(request, **self._options)
        outcomes = zip(answer.status, answer.write_results, strict=True)
        return [status_error(status) if status.code else result for status, result in outcomes]

    def _call(self, field: str, value: str) -> dict[str, Any]:
        return {"timeout": self._timeout_s, "metadata": (routing(field, value), *self._metadata)}
