"""A rebuild of all: page by page through the people of the log, every family once."""

import asyncio
from collections.abc import Sequence
from typing import Any

from refolding import family, log
from refolding.parts import Parts
from refolding.refold import People
from refolding.results import Refolded


async def rebuild_page(
    parts: Parts, after: str, n: int, force: bool
) -> tuple[dict[str, Any], list[Refolded], list[People]]:
    """Refold the families of the next n people after a key.

    Returns:
        What to answer: counts, and where the next page begins (None: nobody is left); what was refolded; and the
        families that could not be, to be tried again.
    """
    warehouse = parts.warehouse()
    page = await asyncio.to_thread(log.read_page, warehouse, after, n)
    families = await _families(parts, page, after)
    results = await parts.refolder.refold_families(families, force) if families else []
    done = [result for result in results if isinstance(result, Refolded)]
    left = [people for people, result in zip(families, results, strict=True) if not isinstance(result, Refolded)]
    counts = {
        "people": len(page),
        "of": await asyncio.to_thread(log.count_people, warehouse),
        "profiles": sum(len(one.people) for one in done),
        "events": sum(one.events for one in done),
        "lacking": sum(one.lacking for one in done),
        "later": sum(map(len, left)),
        "next": page[-1] if len(page) == n else None,
    }
    return counts, done, left


async def _families(parts: Parts, page: Sequence[str], after: str) -> list[People]:
    """The families whose first member is on this page: a family that lies on several is refolded once."""
    people, devices = await parts.refolder.find_all(page)
    logged = {*page, *devices, *(f"u:{user}" for device in devices.values() for user in device.claims)}
    families = family.split(people, devices)
    return [one for one in families if after < min(one & logged, default="") <= page[-1]] if page else []
