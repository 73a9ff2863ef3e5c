"""GET /v1/recommendations/why: what becomes of one item on its way into one person's answer."""

from collections.abc import Mapping

from serving.parts import Parts
from shared import http
from shared.access import Caller
from shared.errors import PermanentError, Problem
from shared.events.event import Id
from shared.ranking.request import Person, read_query

ITEM = "item_id"


async def answer(parts: Parts, caller: Caller, query: Mapping[str, str]) -> http.Reply:
    """The stages, in their order, and where the item fell out if it did. Raises PermanentError."""
    rest = dict(query)
    item_id: Id = rest.pop(ITEM, "")
    if not 0 < len(item_id) <= 256:
        raise PermanentError("invalid", (Problem(ITEM, "an item's id", "none" if not item_id else "a longer one"),))
    ask = read_query(rest, Person(user_id=caller.user_id, anonymous_id=caller.anonymous_id))
    caller.check(ask.user_id, ask.anonymous_id)
    return http.json_reply(200, await parts.recommender.why(ask.person, ask, item_id))
