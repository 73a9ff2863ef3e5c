"""A reverse proxy of one address, as much of one as a local stack needs."""

from collections.abc import Iterable

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.http import error_reply

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host", "date", "server")
)


class Proxy:
    """Sends each request on to `url` and its answer back."""

    def __init__(self, client: httpx.AsyncClient, url: str):
        self._client = client
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        target = f"{self._url}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        body = await request.body()
        try:
            answer = await self._client.request(
                request.method, target, content=body, headers=_passed_on(request.headers.items())
            )
        except httpx.TransportError:
            reply = error_reply(503, "temporarily unavailable", headers={"retry-after": "1"})
            await Response(reply.body, reply.status, reply.headers)(scope, receive, send)
            return
        await Response(answer.content, answer.status_code, _passed_on(answer.headers.items()))(scope, receive, send)


def _passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}
