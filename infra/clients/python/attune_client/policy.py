"""Where requests go, what they carry, and whether they are tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from attune_client.calls import Call, retry_after_s
from attune_client.errors import UnavailableError

AGAIN = frozenset((429, 502, 503, 504))
FIRST_PAUSE_S = 0.1

Identity = Callable[[str], str]
"""Address of a function → Google's identity token for it, as google.oauth2.id_token.fetch_id_token makes it."""

Outcome = httpx.Response | httpx.TransportError


@dataclass(kw_only=True)
class Policy:
    """What both clients are made with.

    Attributes:
        url: address of recommend, and of whichever of the others is not given.
        collect, profiles: addresses of these functions.
        api_key: one of ATTUNE_API_KEYS, or a person's token.
        write_key: one of ATTUNE_WRITE_KEYS, for events.
        identity: for services that IAM guards; what it returns goes into X-Serverless-Authorization.
        timeout_s: of one attempt.
        attempts: at most so many, for what can be had by asking again; every request may be repeated safely.
        patience_s: attempts and pauses together; a pause that would go beyond it is not begun.
    """

    url: str = field(kw_only=False)
    collect: str | None = None
    profiles: str | None = None
    api_key: str | None = field(default=None, repr=False)
    write_key: str | None = field(default=None, repr=False)
    identity: Identity | None = None
    timeout_s: float = 2.0
    attempts: int = 4
    patience_s: float = 10.0

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """The arguments of httpx's `request`."""
        own = {"collect": self.collect, "profiles": self.profiles}
        address = (own.get(call.function) or self.url).rstrip("/")
        key = self.write_key if call.function == "collect" else self.api_key
        headers = {"authorization": f"Bearer {key}"} if key else {}
        if self.identity is not None:
            headers["x-serverless-authorization"] = f"Bearer {self.identity(address)}"
        url = address + call.path
        return {"method": call.method, "url": url, "json": call.json, "params": call.query, "headers": headers}

    def pause_s(self, attempt: int, outcome: Outcome, spent_s: float) -> float | None:
        """How long to wait for the next attempt; None: there is none."""
        asked = None
        if isinstance(outcome, httpx.Response):
            if outcome.status_code not in AGAIN:
                return None
            asked = retry_after_s(outcome)
        pause_s = random.uniform(0.5, 1) * FIRST_PAUSE_S * 2**attempt if asked is None else asked
        return pause_s if attempt < self.attempts and spent_s + pause_s <= self.patience_s else None


def answered(outcome: Outcome) -> httpx.Response:
    """The answer, if one came. Raises UnavailableError."""
    if isinstance(outcome, httpx.TransportError):
        raise UnavailableError(f"no answer: {type(outcome).__name__} {outcome}".strip()) from outcome
    return outcome
