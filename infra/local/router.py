"""Every HTTP route of every function at one address."""

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.layout import FUNCTIONS

ROUTES = {route: function.name for function in FUNCTIONS for route in function.routes}


class Router:
    """Hands a request to the application of the function that owns its route."""

    def __init__(self, apps: Mapping[str, ASGIApp]):
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/healthz":
            await JSONResponse({"status": "ok"})(scope, receive, send)
        elif name := owner(path):
            await self._apps[name](scope, receive, send)
        else:
            await JSONResponse({"error": "no such route", "routes": sorted(ROUTES)}, 404)(scope, receive, send)


def owner(path: str) -> str | None:
    """The function whose route the path is, or lies below."""
    return next((name for route, name in ROUTES.items() if path == route or path.startswith(f"{route}/")), None)
