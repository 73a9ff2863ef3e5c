"""Segment's tracking API: /v1/track, /v1/batch, …, and the one-letter paths of analytics.js."""

import re
from typing import Any

import msgspec

from ingest.call import Call
from ingest.segment_batch import UNREADABLE, Envelope, failure, publish, read_all, refused, reply, split, try_later
from shared import http, wiring
from shared.errors import PermanentError, Problem, RetryableError
from shared.keys import header_key, is_allowed
from shared.settings import Settings

LETTERS = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
CALLS: tuple[str, ...] = ("track", "identify", "page", "screen", "group", "alias", "batch", "import", *LETTERS)
BATCHES = frozenset(("batch", "import"))
MEDIA = frozenset(("", "application/json", "text/plain"))
"""analytics.js sends JSON as text/plain, which needs no preflight of its own."""

COMMON = ("context", "integrations", "sentAt")
HOST = re.compile(r"[\w.\-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?", re.ASCII)
SETTINGS_MAX_AGE = {"cache-control": "public, max-age=300"}

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


async def take(call: Call) -> http.Reply:
    """One call or a batch. 200 in Segment's manner, or an error body on which its libraries retry or drop rightly."""
    if http.media_type(call.headers.get("content-type", "")) not in MEDIA:
        return failure(415, "unsupported_media_type", "send application/json or text/plain")
    try:
        return await _take(call, wiring.settings())
    except PermanentError as error:
        return refused(error)
    except RetryableError as error:
        return try_later(error)


async def take_metrics(_: Call) -> http.Reply:
    """What analytics.js tells about itself: taken, and not kept."""
    return http.json_reply(200, {"success": True})


async def project_settings(call: Call) -> http.Reply:
    """The settings with which analytics.js starts and sends to this host."""
    key = call.path.removeprefix("/v1/projects/").removesuffix("/settings")
    host = call.headers.get("host", "")
    if not is_allowed(wiring.settings(), key):
        return failure(401, "unauthorized", "no such write key")
    if not HOST.fullmatch(host):
        return failure(400, "invalid_request", "send a Host header")
    protocol = call.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    own = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": "https" if protocol == "https" else "http"}
    answer = {"integrations": {"Segment.io": own}, "metrics": {"sampleRate": 0}}
    return http.json_reply(200, answer, SETTINGS_MAX_AGE)


async def _take(call: Call, settings: Settings) -> http.Reply:
    name = call.path.rpartition("/")[2]
    kind = LETTERS.get(name, name)
    fields = _read_fields(call.body)
    if not is_allowed(settings, header_key(call.headers), _text(fields, "writeKey")):
        return failure(401, "unauthorized", "show a write key: Authorization: Basic or Bearer, or writeKey in the body")
    address = call.address if name in LETTERS else ""
    if kind in BATCHES:
        raws = split(fields.get("batch", msgspec.Raw(b"null")), "batch", settings.max_batch_events)
        common = {one: value for one in COMMON if (value := _value(fields, one)) is not None}
        envelope = Envelope(common, {}, address, bytes(fields.get("context", b"")))
    else:
        raws, envelope = [call.body], Envelope({}, {"type": kind}, address)
    taken = read_all(raws, envelope, call, settings)
    await publish(taken, settings)
    return reply(taken.batch)


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _fields(body)
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem("", "a JSON object", str(error)),)) from None


def _value(fields: dict[str, msgspec.Raw], name: str) -> Any:
    try:
        return msgspec.json.decode(fields[name]) if name in fields else None
    except UNREADABLE as error:
        raise PermanentError("malformed", (Problem(name, "JSON", str(error)),)) from None


def _text(fields: dict[str, msgspec.Raw], name: str) -> str | None:
    value = _value(fields, name)
    return value if isinstance(value, str) else None
