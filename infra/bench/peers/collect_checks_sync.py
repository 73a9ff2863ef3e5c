"""Checks the events of a request as collect does, in a synchronous function, and publishes nothing."""

import flask
import functions_framework
import msgspec

from shared import wiring
from shared.errors import PermanentError
from shared.events.parse import parse_batch


@functions_framework.http
def collect_checks_sync(request: flask.Request) -> tuple[bytes, int, dict[str, str]]:
    """POST a list of events."""
    try:
        batch = parse_batch(request.get_data(), wiring.clock(), wiring.settings())
    except PermanentError as error:
        return str(error).encode(), 400, {}
    body = {"accepted": len(batch.events), "refused": len(batch.refusals), "errors": []}
    return msgspec.json.encode(body), 400 if batch.refusals else 202, {"content-type": "application/json"}
