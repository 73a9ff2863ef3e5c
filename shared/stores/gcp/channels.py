"""One gRPC channel per event loop, made when it is first used."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
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
        # In a thread: it reads files and asks the metadata server.
        credentials = await asyncio.to_thread(_credentials, self._host)
        return grpc.aio.secure_channel(self._host, credentials, options=OPTIONS)


def _credentials(host: str) -> grpc.ChannelCredentials:
    """TLS, and with every call the access token of whoever this process runs as. Loaded here: no emulator needs it."""
    import google.auth
    import urllib3
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.grpc import AuthMetadataPlugin
    from google.auth.transport.urllib3 import Request

    identity, _ = google.auth.default(scopes=SCOPES)
    request = Request(urllib3.PoolManager())  # type: ignore[no-untyped-call]
    with suppress(GoogleAuthError):  # the calls will say so, each in its time
        identity.refresh(request)  # type: ignore[no-untyped-call]  # once, for all that come first
    token = AuthMetadataPlugin(identity, request, default_host=host)  # type: ignore[no-untyped-call]
    return grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(token))


def routing(field: str, value: str) -> tuple[str, str]:
    """The metadata by which the service's front finds the way, without reading the request (AIP-4222)."""
    return "x-goog-request-params", f"{field}={quote(value)}"
