"""One gRPC channel per event loop, made when it is first used."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import grpc.aio

Stub = TypeVar("Stub")
Metadata = tuple[tuple[str, str], ...]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

# A server that comes back is found again within seconds, not minutes.
OPTIONS: Sequence[tuple[str, Any]] = (("grpc.max_receive_message_length", -1), ("grpc.max_reconnect_backoff_ms", 2_000))


class Channels(Generic[Stub]):
    """Stubs on a channel to one service, or without credentials to its emulator.

    A channel belongs to the event loop it was made in. A function has one loop for its life; jobs and tests have more.
    """

    def __init__(self, host: str, emulator: str | None, stub: Callable[[grpc.aio.Channel], Stub]) -> None:
        self.metadata: Metadata = (("authorization", "Bearer owner"),) if emulator else ()
        self._host = host
        self._emulator = emulator
        self._stub = stub
        self._ready: dict[asyncio.AbstractEventLoop, tuple[Stub, grpc.aio.Channel]] = {}
        self._opening: dict[asyncio.AbstractEventLoop, asyncio.Task[Stub]] = {}

    async def stub(self) -> Stub:
        loop = asyncio.get_running_loop()
        if ready := self._ready.get(loop):
            return ready[0]
        if loop not in self._opening:  # the first of many simultaneous requests connects, the others wait for it
            self._opening[loop] = loop.create_task(self._open(loop))
        return await asyncio.shield(self._opening[loop])

    async def close(self) -> None:
        """Close this loop's channel; other loops are gone, or close their own."""
        if ready := self._ready.pop(asyncio.get_running_loop(), None):
            await ready[1].close()

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Stub:
        try:
            channel = await self._connect()
        finally:
            del self._opening[loop]
        for ended in [known for known in self._ready if known.is_closed()]:
            del self._ready[ended]
        self._ready[loop] = self._stub(channel), channel
        return self._ready[loop][0]

    async def _connect(self) -> grpc.aio.Channel:
        if self._emulator:
            return grpc.aio.insecure_channel(self._emulator, options=OPTIONS)
        create, credentials = await asyncio.to_thread(_credentials)
        return create(self._host, credentials, options=OPTIONS)


def _credentials() -> tuple[Callable[..., grpc.aio.Channel], Any]:
    """What makes a channel with credentials, and those of whoever this process runs as.

    To be called in a thread: it reads files and asks the metadata server. Loaded here, for no emulator needs it.
    """
    import google.auth
    from google.api_core.grpc_helpers_async import create_channel

    identity, _ = google.auth.default(scopes=SCOPES)
    return create_channel, identity


def routing(field: str, value: str) -> tuple[str, str]:
    """The metadata by which the service's front finds the way, without reading the request (AIP-4222)."""
    return "x-goog-request-params", f"{field}={quote(value)}"
