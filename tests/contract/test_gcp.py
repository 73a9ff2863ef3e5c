"""What only the clients of Google Cloud must stand."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConflictError, OverQuotaError, RetryableError
from shared.settings import Settings
from shared.stores.gcp.documents import FirestoreDocuments
from shared.stores.gcp.failures import failures
from shared.stores.gcp.firestore_rpc import Document
from shared.stores.gcp.requests import batches
from shared.stores.ports import ABSENT
from shared.wiring import close_all, documents
from tests.contract.conftest import gcp_settings


def status(code: StatusCode, details: str = "") -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), details)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (StatusCode.UNAVAILABLE, RetryableError),
        (StatusCode.DEADLINE_EXCEEDED, RetryableError),
        (StatusCode.ABORTED, RetryableError),
        (StatusCode.INTERNAL, RetryableError),
        (StatusCode.RESOURCE_EXHAUSTED, OverQuotaError),
        (StatusCode.PERMISSION_DENIED, AioRpcError),
        (StatusCode.INVALID_ARGUMENT, AioRpcError),
        (StatusCode.FAILED_PRECONDITION, AioRpcError),
    ],
)
def test_a_status_is_named_by_what_follows_from_it(code: StatusCode, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised, failures("c/k"):
        raise status(code)
    assert type(raised.value) is expected


@pytest.mark.parametrize("code", [StatusCode.FAILED_PRECONDITION, StatusCode.ALREADY_EXISTS, StatusCode.NOT_FOUND])
def test_a_condition_that_does_not_hold_is_a_conflict(code: StatusCode) -> None:
    with pytest.raises(ConflictError), failures("c/k", conditional=True):
        raise status(code, 'Document "projects/p/databases/(default)/documents/c/k" not found')


def test_a_missing_database_is_no_conflict() -> None:
    details = "The database (default) does not exist for project p Please visit https://console.cloud.google.com"
    with pytest.raises(AioRpcError), failures("c/k", conditional=True):
        raise status(StatusCode.NOT_FOUND, details)


@given(st.lists(st.integers(0, 60), max_size=40))
def test_requests_keep_to_the_limits_and_to_the_order(sizes: list[int]) -> None:
    messages = [Document(name="x" * size) for size in sizes]
    found = list(batches(messages, 7, 100))
    assert [message for batch in found for message in batch] == messages
    assert all(0 < len(batch) <= 7 for batch in found)
    assert all(sum(message.ByteSize() for message in batch) <= 100 for batch in found)
    assert len(found) <= 2 * (len(sizes) / 7 + sum(sizes) / 50) + 1


async def test_fifty_first_requests_share_one_channel(
    on_emulators: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    connect: Callable[..., grpc.aio.Channel] = grpc.aio.insecure_channel

    def counting(*arguments: object, **options: object) -> grpc.aio.Channel:
        made.append(arguments)
        return connect(*arguments, **options)

    monkeypatch.setattr(grpc.aio, "insecure_channel", counting)
    store = documents(gcp_settings())
    assert made == []
    assert await asyncio.gather(*(store.get("c", f"k{n}") for n in range(50))) == [None] * 50
    assert len(made) == 1
    await close_all()


def test_one_store_serves_one_event_loop_after_the_other(on_emulators: dict[str, str]) -> None:
    store = FirestoreDocuments(gcp_settings().project, "(default)", timedelta(seconds=5))
    asyncio.run(store.merge("c", {"k": {"n": 1}}))
    document = asyncio.run(store.get("c", "k"))
    assert document
    assert document.fields == {"n": 1}


async def test_a_loop_in_another_thread_has_a_channel_of_its_own(on_emulators: dict[str, str]) -> None:
    store = FirestoreDocuments(gcp_settings().project, "(default)", timedelta(seconds=5))
    version = await store.put("c", "k", {"n": 1}, ABSENT)
    assert await asyncio.to_thread(asyncio.run, store.get("c", "k")) == ({"n": 1}, version)
    assert await store.get("c", "k") == ({"n": 1}, version)
    await store.close()


@pytest.mark.parametrize("module", ["documents", "topics"])
def test_hot_clients_load_little(module: str) -> None:
    heavy = {"numpy", "pandas", "pyarrow", "google.cloud.firestore_v1", "google.api_core", "google.auth", "proto"}
    code = f"import sys, shared.stores.gcp.{module}; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_choose_google_cloud() -> None:
    assert isinstance(documents(Settings(backend="gcp", project="p")), FirestoreDocuments)
