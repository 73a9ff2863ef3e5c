"""Keeping a stack up until SIGTERM or Ctrl-C, which finish what is in flight and lose nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from shared.settings import PREFIX


def serve(stack: str, data: str, port: int) -> int:
    """Serve until told to stop. Returns 1 when the stack could not start."""
    folder = Path(data).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if stack == "emulators":
        from infra.local.emulated import serve_emulated

        return serve_emulated(folder, port)
    os.environ[f"{PREFIX}BACKEND"] = "embedded"
    os.environ[f"{PREFIX}DATA"] = str(folder)
    from infra.local.embedded import EmbeddedStack
    from shared import wiring

    return run(EmbeddedStack(wiring.settings()).app, port, f"embedded stores in {folder}")


def run(app: ASGIApp, port: int, what: str) -> int:
    """Serve the application; one line says when it is ready."""
    server = Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=10))

    async def main() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        if server.started:
            bound = server.servers[0].sockets[0].getsockname()[1]
            print(f"Attune is ready at http://127.0.0.1:{bound} ({what})", flush=True)
        await serving

    try:
        asyncio.run(main())
    except SystemExit:
        print(
            f"error: port {port} could not be served; is another stack on it? Choose one with --port", file=sys.stderr
        )
    return int(not server.started)


class Server(uvicorn.Server):
    """Ends by returning: uvicorn's own server raises the signal again, and its exit code would tell of a death."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True
