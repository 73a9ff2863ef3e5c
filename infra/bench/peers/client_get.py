"""The usual cold start: functions-framework, Firestore's client, one get."""

import flask
import functions_framework

from infra.bench.peers.places import PEOPLE
from infra.bench.peers.usual import client


@functions_framework.http
def client_get(request: flask.Request) -> flask.Response:
    """GET ?user_id=…"""
    document = client().collection(PEOPLE).document(request.args.get("user_id", "nobody")).get()
    return flask.Response(str(len(document.to_dict() or {})))
