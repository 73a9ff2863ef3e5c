"""Segment's `context` → the Event's, and the purposes that its consent allows."""

from ipaddress import ip_address, ip_network
from typing import Any

from shared.events.segment_values import Payload, first, mapping, text
from shared.settings import Settings

URL = 2_048
AGENT = 1_024
IPV4_BITS, IPV6_BITS = 24, 48
MOST_PURPOSES = 20

PERSONALIZATION = frozenset(("personalization", "personalisation", "functional", "preferences", "c0003"))
"""Categories of consent managers under which people allow a site to adapt to them: `Functional` of Segment's examples
and C0003 of OneTrust, `preferences` of Cookiebot. Advertising and targeting are not among them."""


def read_context(payload: Payload, settings: Settings) -> dict[str, Any]:
    """The Event's context; unknown keys of Segment's are left out."""
    context = mapping(payload.get("context"))
    page = {**mapping(context.get("page")), **_own_page(payload)}
    device, campaign = mapping(context.get("device")), mapping(context.get("campaign"))
    found = {
        "page_url": text(page.get("url"), URL),
        "referrer": text(first(page, "referrer") or mapping(context.get("referrer")).get("url"), URL),
        "device_type": text(device.get("type")) or _mobile(context),
        "session_id": text(first(context, "sessionId", "session_id")),
        "campaign": text(first(campaign, "name", "source")),
        "locale": text(context.get("locale")),
        "user_agent": text(first(context, "userAgent", "user_agent"), AGENT),
        "ip": read_network(context.get("ip"), settings),
        "source": "segment",
    }
    return {name: value for name, value in found.items() if value is not None}


def read_network(address: object, settings: Settings) -> str | None:
    """The /24 or /48 of an address where settings keep it; never the address itself.

    >>> read_network("203.0.113.77", Settings(ip="truncate")), read_network("203.0.113.77", Settings())
    ('203.0.113.0', None)
    """
    if settings.ip == "drop" or not isinstance(address, str):
        return None
    try:
        bits = IPV4_BITS if ip_address(address).version == 4 else IPV6_BITS
        return str(ip_network((address.partition("%")[0], bits), strict=False).network_address)
    except ValueError:
        return None


def read_consent(payload: Payload) -> tuple[str, ...] | None:
    """Purposes allowed by `context.consent.categoryPreferences`: its true categories in lower case, and
    `personalization` where one of them means it. None where nothing is stated; no category allowed is a refusal.
    """
    consent = mapping(mapping(payload.get("context")).get("consent"))
    stated = consent.get("categoryPreferences")
    if not isinstance(stated, dict) or not stated:
        return None
    allowed = {text(name.lower(), 64) or "" for name, answer in stated.items() if answer is True} - {""}
    if allowed & PERSONALIZATION:
        # First, so that a long list of categories cannot push it out.
        return ("personalization", *sorted(allowed - {"personalization"}))[:MOST_PURPOSES]
    return tuple(sorted(allowed))[:MOST_PURPOSES]


def _own_page(payload: Payload) -> Payload:
    """A page call has its address in its own properties, which say it better: single-page apps change them first."""
    if payload.get("type") != "page":
        return {}
    return {name: value for name, value in mapping(payload.get("properties")).items() if name in ("url", "referrer")}


def _mobile(context: Payload) -> str | None:
    mobile = mapping(context.get("userAgentData")).get("mobile")
    return {True: "mobile", False: "desktop"}[mobile] if isinstance(mobile, bool) else None
