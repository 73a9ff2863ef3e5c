"""What is kept of a person beside the fold of their events: whose device it is, persona, quarantine, what to announce.

The fold is a function of the events alone. This is not: it holds what operators decided and what was told to others.
"""

import msgspec

NEWCOMER = "newcomer"
"""The persona of someone of whom no act is known, and of everyone before the first model."""

FORMAT = 1


class Quarantine(msgspec.Struct, array_like=True, frozen=True):
    """Why a person's events count nowhere at present."""

    since_ms: int
    score: float
    signals: list[str]
    by: str
    """`score`, or the operator's word for who decided."""
    purged: bool = False


class Note(msgspec.Struct, array_like=True, frozen=True):
    """Something to publish because of a write, kept with it until it has been published."""

    id: str
    topic: str
    data: bytes
    attributes: dict[str, str]
    at_ms: int
    by: str
    """The instance that will publish it; another does only when this one has been silent for too long."""


class Link(msgspec.Struct, array_like=True, frozen=True):
    """A device as its user's document knows it: the device's document says the same, and both are written together."""

    claimed_ms: int
    """The earliest time at which an event named both."""

    until_ms: int = 0
    """Its anonymous events from then on do not count here; 0: all count."""


class Standing(msgspec.Struct, array_like=True):
    """Everything but the fold, as of the last write.

    Attributes:
        claims: of a device (`a:…`): user → earliest time in ms at which an event named both together.
        revoked: of a device: users whose claims do not count, for good: taken back by an operator, or refused.
        merged: of a user (`u:…`): the anonymous ids whose events count here.
        persona, persona_ms: as last decided, and when that was.
        persona_changes: how often it has changed; numbers the announcements.
        quarantine: set while the person's events count nowhere.
        erased_ms: events that occurred until then are an erased person's, and never count.
        journal: a refold is under way: what is folded meanwhile also goes to the document's journal.
        outbox: announcements that have not been seen to be published.
        trusted: an operator released the person from quarantine: no score puts them there again.
    """

    format: int = FORMAT
    claims: dict[str, int] = {}
    revoked: list[str] = []
    merged: dict[str, Link] = {}
    persona: str = NEWCOMER
    persona_ms: int = 0
    persona_changes: int = 0
    quarantine: Quarantine | None = None
    erased_ms: int = 0
    journal: str = ""
    outbox: list[Note] = []
    trusted: bool = False


encode_standing = msgspec.msgpack.Encoder(order="deterministic").encode
decode_standing = msgspec.msgpack.Decoder(Standing).decode
