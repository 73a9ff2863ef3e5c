"""POST /v1/recommendations/batch: the same for up to a hundred people, as for a mailing. A server's."""

import asyncio

from serving.answers import Answered, decide, encode
from serving.parts import Parts
from shared import http, telemetry
from shared.access import Caller
from shared.ranking.request import Batch, read_body

TOGETHER = 20
"""People whose answers are made at the same time: their documents are read in few requests."""


async def answer(parts: Parts, caller: Caller, body: bytes) -> Answered:
    """Their recommendations, in the order of the people. Raises PermanentError."""
    if not caller.may_ask_about_all:
        return Answered(http.error_reply(403, "a token is one person's"))
    asks = read_body(body, Batch).asks()
    telemetry.note(count=len(asks))
    answers = []
    for start in range(0, len(asks), TOGETHER):
        answers += await asyncio.gather(*(decide(parts, ask) for ask in asks[start : start + TOGETHER]))
    told = encode({"people": [one for one, _ in answers]})
    return Answered(http.Reply(200, told, http.JSON), tuple(decision for _, decision in answers))
