"""The list that an image carries for the time in which its first instance finds no store."""

from uuid import uuid4

from infra.local.operator import calling, check, first_key
from shared.errors import PermanentError, Problem
from shared.models.fallback import parse_fallback

N = 100


def fetch(url: str, key: str | None = None) -> bytes:
    """What recommend at this address answers to somebody unknown, as JSON. Raises PermanentError if that is nothing."""
    with calling(url, key or first_key("API_KEYS")) as client:
        answer = client.get("/v1/recommendations", params={"anonymous_id": f"fallback-{uuid4().hex}", "n": N})
    check(answer)
    if not parse_fallback(answer.content).items:
        raise PermanentError("there is nothing to fall back to", (Problem("items", "popular items", "none"),))
    return answer.content
