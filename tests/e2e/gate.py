"""A TCP port in front of a server that can be shut: what comes to it then is held, as by a server that hangs."""

import asyncio
from contextlib import suppress


class Gate:
    """Passes bytes on in both directions while it is open. Belongs to one event loop."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._open = asyncio.Event()
        self._open.set()
        self.held = asyncio.Event()
        """Something has come while it was shut."""
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Gate":
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        assert self._listener is not None
        return f"127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._server.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        for source, to in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass_on(source, to))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                if not self._open.is_set():
                    self.held.set()
                    await self._open.wait()
                to.write(data)
                await to.drain()
        to.close()
