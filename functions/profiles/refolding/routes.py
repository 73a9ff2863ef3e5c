"""Which request asks for what. Every route but the push is an operator's."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from refolding import operate
from refolding.explain import Page, explain
from refolding.orders import Rebuild, Unmerge, Verdict, parse_order
from refolding.parts import Parts
from refolding.show import show
from shared import http, keys
from shared.errors import PermanentError, Problem, RetryableError
from shared.events.event import Id, person_key

ROUTE = "/v1/profiles"
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
    """The answer to one request below the route."""
    if not keys.is_operator(parts.settings, headers):
        return keys.not_an_operator()
    name = path.removeprefix(ROUTE).strip("/")
    try:
        if method == "GET":
            return await _read(parts, name, dict(query))
        if name not in ORDERS:
            return http.not_found(path, *(f"POST {ROUTE}/{order}" for order in ORDERS))
        if method != "POST":
            return http.not_allowed("POST")
        return await ORDERS[name](parts, await http.read_body(body, MAX_BYTES))
    except http.TooLargeError as error:
        return http.error_reply(413, f"the body has {error}")
    except PermanentError as error:
        return http.refusal(error)
    except RetryableError as error:
        return http.try_later(error)


async def _read(parts: Parts, name: str, query: dict[str, str]) -> http.Reply:
    """`/{user_id}`, or `?user_id=…` or `?anonymous_id=…`; `/explain` after the one, or instead of it."""
    user_id, _, last = name.rpartition("/")
    wants_reasons = last == "explain"
    ids: dict[str, str] = {key: query.pop(key) for key in ("user_id", "anonymous_id") if key in query}
    if named := user_id if wants_reasons else name:
        ids["user_id"] = named
    page = _convert(query, Page)
    who = _convert(ids, Who)
    if (who.user_id is None) == (who.anonymous_id is None):
        raise PermanentError("invalid", (Problem("user_id", "either user_id or anonymous_id", "both or neither"),))
    person = person_key(who.user_id, who.anonymous_id)
    return await explain(parts, person, page) if wants_reasons else await show(parts, person)


def _convert(values: Mapping[str, Any], kind: type[K]) -> K:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        expected, _, field = str(error).partition(" - at `$.")
        found = str(values.get(field.rstrip("`"), "an unknown field"))[:60]
        raise PermanentError(
            "invalid", (Problem(field.rstrip("`"), expected.removeprefix("Expected "), found),)
        ) from None
