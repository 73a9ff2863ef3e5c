"""Cross-origin requests: which pages may send, and what their preflight is told."""

from collections.abc import Mapping

from shared.http import Reply
from shared.settings import Settings

METHODS = "GET, POST, PUT, OPTIONS"
HEADERS = "authorization, content-type, content-encoding, x-retry-count"
DAY_S = "86400"


def cors_headers(settings: Settings, request: Mapping[str, str]) -> dict[str, str]:
    """Headers for the answer to a page of an allowed origin; none for any other, which browsers take as a refusal."""
    origin = request.get("origin")
    if origin is None or not ("*" in settings.origins or origin in settings.origins):
        return {"vary": "origin"} if origin else {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": HEADERS,
        "access-control-expose-headers": "retry-after, x-ratelimit-reset",
        "access-control-max-age": DAY_S,
        "vary": "origin",
    }


def allow(reply: Reply, cors: Mapping[str, str]) -> Reply:
    """The reply with these headers; it varies by what it varied by, and by the origin."""
    vary = ", ".join(filter(None, (reply.headers.get("vary"), cors.get("vary"))))
    return reply._replace(headers={**reply.headers, **cors, **({"vary": vary} if vary else {})})
