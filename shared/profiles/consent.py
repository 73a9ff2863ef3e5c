"""Consent: what a person has stated last holds for later events that state nothing (infra/decisions/0027).

Pure, and a function of what was stated, not of the order in which it came: of several statements the latest counts.
"""

from collections.abc import Mapping, Sequence
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
        silent_us: when the last of their events that state nothing occurred; 0: there was none.
    """

    at_us: int = 0
    purposes: tuple[str, ...] = ()
    refused_us: int = 0
    silent_us: int = 0

    @property
    def is_withdrawn(self) -> bool:
        """Whether nothing of the profile may be used at present."""
        return self.at_us > 0 and PERSONALIZATION not in self.purposes


def heard(known: Consent, event: Event) -> Consent:
    """What is known after the event."""
    if event.consent is None:
        silent_us = _us(event)
        return known if silent_us <= known.silent_us else msgspec.structs.replace(known, silent_us=silent_us)
    purposes = tuple(purpose for purpose in PURPOSES if purpose in event.consent)
    at_us = _us(event)
    return join(known, Consent(at_us, purposes, 0 if PERSONALIZATION in purposes else at_us))


def join(one: Consent, other: Consent) -> Consent:
    """What both know: of statements of one instant the one that allows less personalization.

    >>> join(Consent(5, ("personalization",)), Consent(3, (), 3))
    Consent(at_us=5, purposes=('personalization',), refused_us=3, silent_us=0)
    """
    latest = max(one, other, key=lambda each: (each.at_us, each.is_withdrawn, each.purposes))
    refused_us, silent_us = max(one.refused_us, other.refused_us), max(one.silent_us, other.silent_us)
    return Consent(latest.at_us, latest.purposes, refused_us, silent_us)


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


def is_late(known: Consent, events: Sequence[Event], required: bool) -> bool:
    """Whether one of the events came too late for its place in time: then only the log tells which events may count.

    A statement before an event that was judged without it; a silent event before the last of statements that differ.
    """
    if not known.at_us and all(event.consent is None for event in events):
        return False
    for event in events:
        after, at_us = heard(known, event), _us(event)
        behind = known.at_us if event.consent is None else known.silent_us
        if at_us < behind and (after.refused_us or required):
            return True
        known = after
    return False


def attributes(known: Consent) -> Mapping[str, str]:
    """What a message about the person says, for subscriptions to filter by: attributes.advertising = "yes"."""
    return {ADVERTISING: "yes" if ADVERTISING in known.purposes else "no"}


def _us(event: Event) -> int:
    return (event.occurred_at - EPOCH) // MICROSECOND
