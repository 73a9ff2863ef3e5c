"""Which request asks for what. A profile is shown to servers and to its own person; all else is an operator's."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from refolding import operate
from refolding.explain import Page, explain
from refolding.orders import Rebuild, Unmerge, Verdict, parse_order
from refolding.parts import Parts
from refolding.show import show
from shared import http, keys, wiring
from shared.access import Caller, DeniedError, identify
from shared.cors import allow, cors_headers
from shared.errors import PermanentError, Problem, RetryableError
from shared.events.event import Id, person_key

ROUTE = "/v1/profiles"
EXPLAIN = "explain"
IDS = ("user_id", "anonymous_id")
MAX_BYTES = 50_000

K = TypeVar("K", bound=msgspec.Struct)
Handler = Callable[[Parts, bytes], Awaitable[http.Reply]]


def _order(kind: type[K], act: Callable[[Parts, K], Awaitable[http.Reply]]) -> Handler:
    async def answer(parts: Parts, body: bytes) -> http.Reply:
        return await act(parts, parse_order(body, kind))

    return answer


ORDERS: Mapping[str, Handler] = {
    "unmerge": _order(Unmerge, operate.unmerge),
    "quarantine": _order(Verdict, operate.quarantine),
    "release": _order(Verdict, operate.release),
    "purge": _order(Verdict, operate.purge),
    "rebuild": _order(Rebuild, operate.rebuild),
}


class Who(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a query names."""

    user_id: Id | None = None
    anonymous_id: Id | None = None


async def answer(
    parts: Parts,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: AsyncIterable[bytes],
) -> http.Reply:
    """The answer to one request below the route, for a page of an allowed origin with the headers that it needs."""
    cors = cors_headers(parts.settings, headers)
    if method == "OPTIONS":
        return http.Reply(204, headers=cors)
    return allow(await _answer(parts, method, path, headers, query, body), cors)


async def _answer(
    parts: Parts,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: AsyncIterable[bytes],
) -> http.Reply:
    name = path.removeprefix(ROUTE).strip("/")
    wants_profile = method == "GET" and name.rpartition("/")[2] != EXPLAIN
    try:
        if wants_profile:
            caller = identify(parts.settings, headers, wiring.clock(), parts.quota)
            return await _show(parts, name, dict(query), caller)
        if not keys.is_operator(parts.settings, headers):
            return keys.not_an_operator()
        if method == "GET":
            return await _explain(parts, name.removesuffix(EXPLAIN).rstrip("/"), dict(query))
        if name not in ORDERS:
            return http.not_found(path, *(f"POST {ROUTE}/{order}" for order in ORDERS))
        if method != "POST":
            return http.not_allowed("POST")
        return await ORDERS[name](parts, await http.read_body(body, MAX_BYTES))
    except DeniedError as error:
        return error.reply
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)


async def _show(parts: Parts, name: str, query: dict[str, str], caller: Caller) -> http.Reply:
    """`/{user_id}`, `?user_id=…` or `?anonymous_id=…`; without any, whom the caller's token names."""
    if not (name or query) and not caller.may_ask_about_all:
        query = {"user_id": caller.user_id} if caller.user_id else {"anonymous_id": str(caller.anonymous_id)}
    who = _who(name, query)
    caller.check(who.user_id, who.anonymous_id)
    return await show(parts, person_key(who.user_id, who.anonymous_id), is_own=not caller.may_ask_about_all)


async def _explain(parts: Parts, name: str, query: dict[str, str]) -> http.Reply:
    """`/{user_id}/explain`, or `/explain?user_id=…` or `?anonymous_id=…`."""
    who = _who(name, {key: query.pop(key) for key in IDS if key in query})
    return await explain(parts, person_key(who.user_id, who.anonymous_id), _convert(query, Page))


def _who(name: str, ids: dict[str, str]) -> Who:
    who = _convert({**ids, "user_id": name} if name else ids, Who)
    if (who.user_id is None) == (who.anonymous_id is None):
        raise PermanentError("invalid", (Problem("user_id", "either user_id or anonymous_id", "both or neither"),))
    return who


def _convert(values: Mapping[str, Any], kind: type[K]) -> K:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        expected, _, field = str(error).partition(" - at `$.")
        found = str(values.get(field.rstrip("`"), "an unknown field"))[:60]
        raise PermanentError(
            "invalid", (Problem(field.rstrip("`"), expected.removeprefix("Expected "), found),)
        ) from None
