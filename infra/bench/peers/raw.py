"""Two Firestore calls on a channel of their own with the library's generated messages: the least a client can do."""

import os
from functools import cache
from typing import Any

import grpc.aio
from google.cloud.firestore_v1.types import document, firestore

from infra.bench.peers.places import PACKED

METADATA = (("authorization", "Bearer owner"),)  # what the emulator asks for
SERVICE = "/google.firestore.v1.Firestore/"

Document = document.Document.pb()
GetDocumentRequest = firestore.GetDocumentRequest.pb()
CommitRequest = firestore.CommitRequest.pb()
CommitResponse = firestore.CommitResponse.pb()


@cache
def _database() -> str:
    return f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}/databases/(default)"


@cache
def _calls() -> tuple[Any, Any]:
    channel = grpc.aio.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"])
    get = channel.unary_unary(f"{SERVICE}GetDocument", GetDocumentRequest.SerializeToString, Document.FromString)
    commit = channel.unary_unary(f"{SERVICE}Commit", CommitRequest.SerializeToString, CommitResponse.FromString)
    return get, commit


async def read(user_id: str) -> Any:
    """The user's packed document."""
    request = GetDocumentRequest(name=f"{_database()}/documents/{PACKED}/{user_id}")
    return await _calls()[0](request, metadata=METADATA)


async def replace(found: Any) -> None:
    """Write the document back if nobody has written it since it was read. Raises grpc.aio.AioRpcError otherwise."""
    request = CommitRequest(database=_database())
    write = request.writes.add()
    write.current_document.update_time.CopyFrom(found.update_time)
    for output_only in ("create_time", "update_time"):
        found.ClearField(output_only)
    write.update.CopyFrom(found)
    await _calls()[1](request, metadata=METADATA)
