"""Which request asks for what, and who may ask it."""

from collections.abc import AsyncIterable, Mapping
from typing import NamedTuple

from serving import batch, openapi, rules, script, tokens, why
from serving.answers import Answered, answer
from serving.parts import Parts
from shared import http, keys, wiring
from shared.access import Caller, DeniedError, identify
from shared.cors import allow, cors_headers
from shared.errors import PermanentError, RetryableError
from shared.ranking.request import Ask, Person, read_body, read_query

ROUTE = "/v1/recommendations"
BATCH, WHY = f"{ROUTE}/batch", f"{ROUTE}/why"
TOKENS, RULES, PREVIEW, OPENAPI = "/v1/tokens", "/v1/rules", "/v1/rules/preview", "/v1/recommendations/openapi.json"
SCRIPT = "/recommend.js"
METHODS: Mapping[str, tuple[str, ...]] = {
    ROUTE: ("GET", "POST"),
    BATCH: ("POST",),
    WHY: ("GET",),
    TOKENS: ("POST",),
    RULES: ("GET", "PUT"),
    PREVIEW: ("POST",),
    OPENAPI: ("GET",),
    SCRIPT: ("GET",),
}
MAX_BYTES = 200_000


class Call(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: AsyncIterable[bytes]


async def respond(parts: Parts, call: Call) -> Answered:
    """The answer to any request, for a page of an allowed origin with the headers that browsers ask for."""
    cors = cors_headers(parts.settings, call.headers)
    if call.method == "OPTIONS":
        return Answered(http.Reply(204, headers=cors))
    answered = await _answer(parts, call)
    return answered._replace(reply=allow(answered.reply, cors))


async def _answer(parts: Parts, call: Call) -> Answered:
    methods = METHODS.get(call.path)
    if methods is None:
        return Answered(http.not_found(call.path, *(f"{all_[0]} {path}" for path, all_ in METHODS.items())))
    if call.method not in methods:
        return Answered(http.not_allowed(*methods))
    try:
        if call.path in (RULES, PREVIEW):
            return Answered(await _about_rules(parts, call))
        if call.path == OPENAPI:
            return Answered(openapi.serve())
        if call.path == SCRIPT:
            return Answered(script.serve(call.headers))
        caller = identify(parts.settings, call.headers, wiring.clock(), parts.quota)
        return await _recommend(parts, call, caller)
    except DeniedError as error:
        return Answered(error.reply)
    except http.TooLargeError as error:
        return Answered(http.error_reply(413, f"the body has {error}"))
    except PermanentError as error:
        return Answered(http.refusal(error))
    except RetryableError as error:  # of rules: recommendations are given whatever happens
        return Answered(http.try_later(error))


async def _recommend(parts: Parts, call: Call, caller: Caller) -> Answered:
    if call.path == TOKENS:
        return Answered(tokens.answer(parts, caller, await http.read_body(call.body, MAX_BYTES)))
    if call.path == BATCH:
        return await batch.answer(parts, caller, await http.read_body(call.body, MAX_BYTES))
    if call.path == WHY:
        return Answered(await why.answer(parts, caller, call.query))
    own = Person(user_id=caller.user_id, anonymous_id=caller.anonymous_id)
    is_query = call.method == "GET"
    ask = read_query(call.query, own) if is_query else read_body(await http.read_body(call.body, MAX_BYTES), Ask, own)
    caller.check(ask.user_id, ask.anonymous_id)
    return await answer(parts, ask)


async def _about_rules(parts: Parts, call: Call) -> http.Reply:
    if not keys.is_operator(parts.settings, call.headers):
        return keys.not_an_operator()
    if call.method == "GET":
        return await rules.show(parts)
    body = await http.read_body(call.body, rules.MAX_BYTES)
    return await (rules.preview if call.path == PREVIEW else rules.store)(parts, body)
