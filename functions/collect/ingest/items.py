"""PUT /v1/items: facts of items, from a catalogue."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ingest.call import Call
from shared import http, telemetry, wiring
from shared.errors import PermanentError, Problem
from shared.events.publish import publish_facts
from shared.keys import header_key, is_allowed
from shared.models.facts import ItemFacts, parse_facts
from shared.settings import Settings
from shared.tally import tally

LINES = ("application/x-ndjson", "application/jsonl", "application/jsonlines", "text/plain")
TYPES = ("application/json", *LINES)

Raw = bytes | msgspec.Raw

_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_named = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_unreadable = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Refusal(NamedTuple):
    """An item that was not taken: its place in the batch, its id where readable, and all that is wrong with it."""

    position: int
    item_id: str | None
    problems: tuple[Problem, ...]


async def put(call: Call) -> http.Reply:
    """ItemFacts: a list, one, or one a line. 202, or 400 with every bad field of every bad item; the good are taken."""
    settings = wiring.settings()
    if not is_allowed(settings, header_key(call.headers), call.headers.get("x-write-key")):
        return http.error_reply(401, "show a write key: Authorization: Basic, Bearer or X-Write-Key")
    media_type = http.media_type(call.headers.get("content-type", ""))
    if media_type not in TYPES:
        return http.error_reply(415, f"send {' or '.join(TYPES)}")
    facts, refusals = _parse(split(call.body, media_type in LINES, settings.max_batch_events), call, settings)
    await publish_facts(wiring.topics(settings), facts)
    telemetry.note("partial" if facts and refusals else "", count=len(facts), refused=len(refusals))
    for group, number in (("accepted", len(facts)), ("refused", len(refusals))):
        if number:
            tally.count("items", group, number)
    errors = [
        {"index": position, "item_id": item_id, "problems": [problem._asdict() for problem in problems]}
        for position, item_id, problems in refusals
    ]
    return http.json_reply(
        400 if refusals else 202, {"accepted": len(facts), "refused": len(refusals), "errors": errors}
    )


def split(body: bytes, lines: bool, most: int) -> Sequence[Raw]:
    """The items of a body. Raises PermanentError if it is not JSON, neither object nor list, or has too many items."""
    start = body.lstrip()[:1]
    try:
        found: Sequence[Raw] = _raws(body) if start == b"[" else [_raw(body)]
    except _unreadable as error:
        if not lines:
            raise PermanentError("malformed", (Problem("", "JSON", str(error)[:100]),)) from None
        found = [line for line in body.splitlines() if line.strip()]
    if not lines and start not in (b"[", b"{"):
        raise PermanentError("malformed", (Problem("", "a JSON object or a list of objects", f"{body[:20]!r}"),))
    if len(found) > most:
        raise PermanentError("too many items", (Problem("", f"at most {most:,} items", f"{len(found):,}"),))
    return found


def _parse(raws: Sequence[Raw], call: Call, settings: Settings) -> tuple[list[ItemFacts], list[Refusal]]:
    facts: list[ItemFacts] = []
    refusals: list[Refusal] = []
    for index, raw in enumerate(raws):
        try:
            facts.append(parse_facts(raw, call.received_at, settings))
        except PermanentError as error:
            refusals.append(Refusal(index, _readable_id(raw), error.problems))
    return facts, refusals


def _readable_id(raw: Raw) -> str | None:
    try:
        item_id = msgspec.json.decode(_named(raw)["item_id"], type=str)
    except (*_unreadable, KeyError):
        return None
    return item_id[:60] if item_id.isprintable() else None
