"""One event through the whole loop: collect, the topic, the profile, and the recommendation that shows it."""

import sys
import time
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import httpx

from infra.local.operator import calling, check, first_key
from shared.errors import PermanentError, Problem

NO_ITEM = "attune-smoke"
"""What is dismissed where there is nothing to recommend yet; it never becomes an item of the catalogue."""

PAUSE_S = 0.2
N = 5
"""Shorter than the lists that give their last place to chance."""


class Door(NamedTuple):
    """Where a service is asked, and what opens it.

    Attributes:
        key: of ATTUNE_WRITE_KEYS at collect, of ATTUNE_API_KEYS at recommend; None: the first that this command's own
            environment has there.
        token: a Google identity token, where Cloud Run lets only some people call.
    """

    url: str
    key: str | None = None
    token: str | None = None


def smoke(collect: Door, recommend: Door, within_s: float) -> int:
    """A new person dismisses what is recommended to them first, and waits until that is seen. 1 if it is not in time.

    Nothing is left that others see: one person who is called smoke-…, and one event. Raises PermanentError where a
    service refuses what it is asked, RetryableError where it does not answer.
    """
    person = f"smoke-{uuid4().hex[:12]}"
    write_key = collect.key or first_key("WRITE_KEYS")
    key = recommend.key or first_key("API_KEYS") or first_key("OPERATOR_KEYS")
    with calling(collect.url, write_key) as sender, calling(recommend.url, key) as server:
        for client, door in ((sender, collect), (server, recommend)):
            client.timeout = httpx.Timeout(within_s)
            if door.token:  # Cloud Run reads this, and leaves Authorization to the service
                client.headers["x-serverless-authorization"] = f"Bearer {door.token}"
        return _ask(sender, server, person, within_s)


def _ask(sender: httpx.Client, server: httpx.Client, person: str, within_s: float) -> int:
    shown = _recommended(server, person)
    item = shown[0] if shown else NO_ITEM
    print(f"{person} is shown {', '.join(shown) or 'nothing yet'}, and dismisses {item}")
    _send(sender, person, item)
    began = time.monotonic()
    while not (is_seen := _is_seen(server, person, item)) and time.monotonic() - began < within_s:
        time.sleep(PAUSE_S)
    if not is_seen:
        hint = "look at what update_profile logs, and at the dead letters (infra/dev.py replay --dry-run)"
        print(
            f"error: collect took the event, and after {within_s:g} s no recommendation shows it: {hint}",
            file=sys.stderr,
        )
        return 1
    waited = time.monotonic() - began
    print(f"{waited:.1f} s later the recommendation shows it: {item} is left out, because dismissed")
    return 0


def _recommended(client: httpx.Client, person: str) -> list[str]:
    answer = check(client.get("/v1/recommendations", params={"user_id": person, "n": N}))
    return [one["item_id"] for one in answer["items"]]


def _send(client: httpx.Client, person: str, item: str) -> None:
    event = {
        "event_id": uuid4().hex,
        "kind": "dismiss",
        "occurred_at": datetime.now(UTC).isoformat(),
        "user_id": person,
        "item_ids": [item],
        "consent": ["personalization"],  # and no other, so that nobody advertises to a test
    }
    answer = client.post("/v1/events", json=[event])
    if answer.status_code != httpx.codes.ACCEPTED:
        found = f"{answer.status_code}: {answer.text[:500]}"
        raise PermanentError("the event was not taken", (Problem("collect", "202", found),))


def _is_seen(client: httpx.Client, person: str, item: str) -> bool:
    """Whether the item is left out because it was dismissed, and indeed not recommended."""
    told = check(client.get("/v1/recommendations/why", params={"user_id": person, "item_id": item, "n": N}))
    excluded = next(stage for stage in told["stages"] if stage["stage"] == "exclude")
    return excluded["reason"] == "dismissed" and item not in _recommended(client, person)
