"""The live rules: a version like those of the models, so that every instance takes them up within a refresh."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from shared.errors import ConflictError, RetryableError
from shared.models.artifact import COLLECTION, POINTER, model_key, pack_model, unpack_model
from shared.models.items import COLLECTION as ITEMS
from shared.models.items import unpack_item
from shared.rules.rule import RuleSet
from shared.rules.ruling import BRINGING, matches
from shared.stores.ports import ABSENT, Documents, Fields

NAME = "rules"
TEXT, AT = "text", "stored_at"
"""Fields beside the packed rules: as they were written, and when."""

POOL = 100
"""Items that a rule may bring in."""

ATTEMPTS = 5


async def store_rules(
    documents: Documents, rules: RuleSet, text: bytes, popular: Mapping[str, float], now: datetime
) -> str:
    """Make these rules live; returns the version that was. Raises RetryableError, then the old ones stay.

    Their pools are made here, so the catalogue is read once whole.
    """
    key, fields = pack_model(NAME, rules.version, await with_pools(documents, rules, popular, now))
    await documents.merge(COLLECTION, {key: {**fields, TEXT: text.decode(), AT: now}})
    for _ in range(ATTEMPTS):
        found = await documents.get(COLLECTION, POINTER)
        before: Fields = found.fields if found else {}
        try:
            version = found.version if found else ABSENT
            await documents.put(COLLECTION, POINTER, {**before, NAME: rules.version}, version)
        except ConflictError:
            continue
        return str(before.get(NAME, ""))
    raise RetryableError(f"the pointer was moved by others {ATTEMPTS} times")


async def with_pools(documents: Documents, rules: RuleSet, popular: Mapping[str, float], now: datetime) -> RuleSet:
    """The rules with the most popular items of each rule that wants items shown, ties by id."""
    wanting = [rule for rule in rules.rules if rule.effect in BRINGING]
    pools: dict[str, list[str]] = {rule.name: [] for rule in wanting}
    if wanting:
        async for item_id, document in documents.scan(ITEMS):
            item = unpack_item(item_id, document.fields)
            for rule in wanting:
                if not item.hidden and matches(rule.items, item, now):
                    pools[rule.name].append(item_id)
    best = {
        name: sorted(pool, key=lambda item_id: (-popular.get(item_id, 0.0), item_id))[:POOL]
        for name, pool in pools.items()
    }
    return msgspec.structs.replace(rules, pools=best)


async def read_rules(documents: Documents) -> tuple[RuleSet, str, datetime | None] | None:
    """The live rules, their text, and since when; None while there are none. Raises RetryableError."""
    pointer = await documents.get(COLLECTION, POINTER)
    version = pointer.fields.get(NAME) if pointer else None
    found = await documents.get(COLLECTION, model_key(NAME, str(version))) if version else None
    if found is None:
        return None
    text, at = found.fields.get(TEXT), found.fields.get(AT)
    return (
        unpack_model(found.fields, RuleSet),
        text if isinstance(text, str) else "",
        at if isinstance(at, datetime) else None,
    )
