"""Every HTTP route of every function at one address."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.asgi import call
from infra.local.layout import FUNCTIONS
from shared.served import ALIVE, READY

ROUTES = {route: function.name for function in FUNCTIONS for route in function.routes}


class Router:
    """Hands a request to the application of the function that owns its route; it is as ready as all of them."""

    def __init__(self, apps: Mapping[str, ASGIApp]):
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in ALIVE:
            await JSONResponse({"status": "ok"})(scope, receive, send)
        elif path == READY:
            await (await self._readiness())(scope, receive, send)
        elif name := owner(path):
            await self._apps[name](scope, receive, send)
        else:
            await JSONResponse({"error": "no such route", "routes": sorted(ROUTES)}, 404)(scope, receive, send)

    async def _readiness(self) -> JSONResponse:
        """What each function answers, by its name."""
        answers = await asyncio.gather(*(call(app, "GET", READY) for app in self._apps.values()))
        is_ready = all(status == HTTPStatus.OK for status, _ in answers)
        told = {name: msgspec.json.decode(body) for name, (_, body) in zip(self._apps, answers, strict=True)}
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"status": "ready" if is_ready else "not ready", "functions": told}, status)


def owner(path: str) -> str | None:
    """The function whose route the path is, or lies below."""
    return next((name for route, name in ROUTES.items() if path == route or path.startswith(f"{route}/")), None)
