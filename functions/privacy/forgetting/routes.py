"""The routes of operators. Everybody else is answered 401; but whoever is let in by IAM may have it verify, as Cloud
Scheduler does, which has no key: that names nobody, and deletes only what should be gone."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec

from forgetting import erase, export, verify
from forgetting.marks import Persons
from forgetting.order import check_ids, message_of, parse_order
from forgetting.places import Places
from forgetting.record import Erasure
from shared import http
from shared.errors import PermanentError, Problem, RetryableError
from shared.events.deletion import TOPIC
from shared.events.event import person_key
from shared.keys import is_operator, not_an_operator
from shared.telemetry import log

EXPORT, ERASE, VERIFY = "/v1/privacy/export", "/v1/privacy/erase", "/v1/privacy/verify"
METHODS = {EXPORT: "GET", ERASE: "POST", VERIFY: "POST"}
MAX_BYTES = 10_000
LINES = {"content-type": "application/jsonl"}
VERIFYING = asyncio.Lock()


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far back a verification looks; whoever is suppressed is always looked for."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 90


class Ask(NamedTuple):
    """A request as the routes see it."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: AsyncIterable[bytes]


async def answer(ask: Ask, places: Places, now: datetime) -> http.Reply | AsyncIterator[bytes]:
    """The reply; of an export its lines."""
    if ask.path not in METHODS:
        return http.not_found(ask.path, *(f"{method} {path}" for path, method in METHODS.items()))
    if ask.method != METHODS[ask.path]:
        return http.not_allowed(METHODS[ask.path])
    if ask.path != VERIFY and not is_operator(places.settings, ask.headers):
        return not_an_operator()
    try:
        body = await http.read_body(ask.body, MAX_BYTES)
        if ask.path == EXPORT:
            return export.lines(places, await _whose(ask.query, places), now)
        return await (_erase(body, places, now) if ask.path == ERASE else _verify(body, places, now))
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        log("WARNING", "not done; ask again", route=ask.path, reason=type(error).__name__)
        return http.try_later(error)


async def _whose(query: Mapping[str, str], places: Places) -> Persons:
    ids = {name: query.get(name) for name in ("user_id", "anonymous_id")}
    check_ids(ids)
    if all(ids.values()):
        raise PermanentError("invalid", (Problem("anonymous_id", "nothing beside user_id", "both"),))
    return await export.holdings(places, person_key(ids["user_id"], ids["anonymous_id"]))


async def _erase(body: bytes, places: Places, now: datetime) -> http.Reply:
    """Serving forgets before the answer; the rest is the topic's, or of the next verification if that is away."""
    order = msgspec.structs.replace(parse_order(body), requested_at=now, source="api")
    key, erasure = await erase.begin(order, places, now)
    await places.topics.publish(TOPIC, [message_of(order)])
    return http.json_reply(202, told(key, erasure))


async def _verify(body: bytes, places: Places, now: datetime) -> http.Reply:
    try:
        days = msgspec.json.decode(body.strip() or b"{}", type=Days).days
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError("malformed", (Problem("", '{"days": 1 to 3650}', str(error)[:200]),)) from None
    if VERIFYING.locked():
        return http.error_reply(409, "a verification is running")
    async with VERIFYING:
        return http.json_reply(200, await verify.verify(places, now, days))


def told(key: str, erasure: Erasure) -> dict[str, object]:
    """What is told of an erasure: nothing that names anybody."""
    return {
        "erasure": key,
        "mode": erasure.mode,
        "state": erasure.state,
        "erased_at": erasure.erased_at,
        "devices": len(erasure.marks) - 1,
    }
