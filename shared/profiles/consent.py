"""Consent: what a person has stated last holds for later events that state nothing (infra/decisions/0028).

Pure, and a function of what was stated, not of the order in which it came: of several statements the latest counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from shared.events.event import Event

PERSONALIZATION, ANALYTICS, ADVERTISING = PURPOSES = ("personalization", "analytics", "advertising")
"""What profiles and models, what reports, and what subscribers that advertise ask for. Others are the site's own."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Consent(msgspec.Struct, array_like=True, frozen=True):
    """What is known of a person's consent.

    Attributes:
        at_us: when they last stated it; 0: they never did.
        purposes: those of PURPOSES that they allowed then.
        refused_us: when they last refused personalization; 0: never.
    """

    at_us: int = 0
    purposes: tuple[str, ...] = ()
    refused_us: int = 0

    @property
    def is_withdrawn(self) -> bool:
        """Whether nothing of the profile may be used at present."""
        return self.at_us > 0 and PERSONALIZATION not in self.purposes


def heard(known: Consent, event: Event) -> Consent:
    """What is known after the event."""
    if event.consent is None:
        return known
    purposes = tuple(purpose for purpose in PURPOSES if purpose in event.consent)
    at_us = _us(event)
    return join(known, Consent(at_us, purposes, 0 if PERSONALIZATION in purposes else at_us))


def join(one: Consent, other: Consent) -> Consent:
    """What both know: of statements of one instant the one that allows less personalization.

    >>> join(Consent(5, ("personalization",)), Consent(3, (), 3))
    Consent(at_us=5, purposes=('personalization',), refused_us=3)
    """
    latest = max(one, other, key=lambda each: (each.at_us, each.is_withdrawn, each.purposes))
    return Consent(latest.at_us, latest.purposes, max(one.refused_us, other.refused_us))


def allows(known: Consent, event: Event, required: bool) -> bool:
    """Whether the event may count: what it states itself decides, else what was stated last before it.

    Of an event from before the last statement it is known only whether there was a refusal at any time before it.
    """
    if event.consent is not None:
        return PERSONALIZATION in event.consent
    at_us = _us(event)
    if known.at_us and at_us >= known.at_us:
        return PERSONALIZATION in known.purposes
    return not (known.refused_us and at_us >= known.refused_us) and not required


def is_late(before: Consent, after: Consent, newest_ms: int, required: bool) -> bool:
    """Whether a statement came so late that events after it have been judged without it: then the log must tell."""
    if before == after:
        return False
    if after.at_us != before.at_us:
        changed = after.is_withdrawn != (before.is_withdrawn or (required and not before.at_us))
        return changed and after.at_us < 1_000 * newest_ms
    return after.refused_us != before.refused_us and after.refused_us < 1_000 * newest_ms


def attributes(known: Consent) -> Mapping[str, str]:
    """What a message about the person says, for subscriptions to filter by: attributes.advertising = "yes"."""
    return {ADVERTISING: "yes" if ADVERTISING in known.purposes else "no"}


def _us(event: Event) -> int:
    return (event.occurred_at - EPOCH) // MICROSECOND
