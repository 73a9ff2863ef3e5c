"""The cold start of our framework with Firestore's client alone: aio, the asynchronous client, one get."""

from functools import cache

import functions_framework.aio
from google.cloud import firestore
from starlette.requests import Request
from starlette.responses import Response

from infra.bench.peers.places import PEOPLE


@functions_framework.aio.http
async def client_aio(request: Request) -> Response:
    """GET ?user_id=…"""
    document = await client().collection(PEOPLE).document(request.query_params.get("user_id", "nobody")).get()
    return Response(str(len(document.to_dict() or {})))


@cache
def client() -> firestore.AsyncClient:
    return firestore.AsyncClient()
