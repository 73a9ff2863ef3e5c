"""/v1/rules: the live rules, new ones, and who would see what under them. An operator's."""

from datetime import datetime

import msgspec

from serving.parts import Parts
from shared import http, wiring
from shared.models.popularity import PopularityModel
from shared.ranking.request import Ask, Batch, read_body
from shared.rules.parse import MOST_BYTES, parse_rules
from shared.rules.rule import RuleSet
from shared.rules.store import read_rules, store_rules, with_pools

MAX_BYTES = MOST_BYTES + 50_000


class Preview(Batch, frozen=True, kw_only=True):
    """Rules to try (YAML), for these people."""

    rules: str


class Seen(msgspec.Struct, frozen=True):
    """What one person would see.

    Attributes:
        rules: those that hold for them.
        before, after: item ids under the live rules, and under these.
    """

    user_id: str | None
    anonymous_id: str | None
    persona: str
    rules: list[str]
    before: list[str]
    after: list[str]


async def show(parts: Parts) -> http.Reply:
    """The live rules as they were written."""
    rules, text, at = await read_rules(parts.documents) or (RuleSet(""), "rules: []\n", None)
    return http.json_reply(200, {"version": rules.version, "text": text, "stored_at": at, "rules": rules.rules})


async def store(parts: Parts, body: bytes) -> http.Reply:
    """Make the rules in the body (YAML or JSON) live. Raises PermanentError by line; then the old ones stay."""
    rules = parse_rules(body)
    popularity = await parts.registry.get("popularity", PopularityModel)
    now: datetime = wiring.clock()
    before = await store_rules(parts.documents, rules, body, popularity.scores if popularity else {}, now)
    parts.registry.expire()
    return http.json_reply(200, {"version": rules.version, "before": before, "rules": len(rules.rules)})


async def preview(parts: Parts, body: bytes) -> http.Reply:
    """Who would see what, but for what chance decides. Nothing is stored, no decision logged. Raises PermanentError."""
    asked = read_body(body, Preview)
    popularity = await parts.registry.get("popularity", PopularityModel)
    rules = await with_pools(
        parts.documents, parse_rules(asked.rules.encode()), popularity.scores if popularity else {}, wiring.clock()
    )
    seen = []
    for ask in asked.asks():
        before = await parts.recommender.answer(ask.person, ask, by_chance=False)
        after = await parts.recommender.answer(ask.person, ask, rules, by_chance=False)
        seen.append(_seen(ask, before.item_ids, after.item_ids, after.persona, after.rules))
    known = {one.name for one in rules.rules}
    held = {name for one in seen for name in one.rules}
    return http.json_reply(200, {"people": seen, "rules_for_nobody": sorted(known - held)})


def _seen(ask: Ask, before: list[str], after: list[str], persona: str, rules: list[str]) -> Seen:
    return Seen(ask.user_id, ask.anonymous_id, persona, rules, before, after)
