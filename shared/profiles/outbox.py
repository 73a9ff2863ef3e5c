"""The notes of a document: published after the write that holds them, and cleared by a later one.

Whoever dies in between leaves its notes behind; another instance publishes these, but only when they are so old that
the one that wrote them can no longer be at it. So a message comes once, and after a death perhaps twice with one id.
"""

from datetime import timedelta
from itertools import islice
from uuid import uuid4

import msgspec

from shared.profiles.profile import MS
from shared.profiles.standing import Note, Standing
from shared.stores.ports import Message, Topics
from shared.telemetry import carried

PATIENCE_MS = timedelta(seconds=30) // MS
MOST_REMEMBERED = 10_000


def message_of(note: Note, person: str = "") -> Message:
    """What the note says, for its topic, ordered by the person it is about."""
    return Message(note.data, person, {**note.attributes, **carried()})


class Outbox:
    """One instance's dealings with the notes of all documents that it writes."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._instance = uuid4().hex
        self._published: dict[str, None] = {}

    def review(self, standing: Standing, now_ms: int) -> bool:
        """Drop, in place, what we have published, and make ours what others left behind. Says whether that is news."""
        if not (before := standing.outbox):
            return False  # as nearly always
        standing.outbox = [self._adopt(note, now_ms) for note in before if note.id not in self._published]
        return standing.outbox != before

    def is_others(self, standing: Standing) -> bool:
        """Whether another instance is about to publish something."""
        return any(note.by != self._instance for note in standing.outbox)

    def sign(self, standing: Standing) -> None:
        """Make ours, in place, the notes that nobody has signed."""
        if standing.outbox:
            standing.outbox = [note if note.by else self._ours(note) for note in standing.outbox]

    async def publish(self, person: str, standing: Standing) -> bool:
        """Publish our notes of a document that has been written; says whether there were any. Raises RetryableError."""
        if not standing.outbox:
            return False
        notes = [note for note in standing.outbox if note.by == self._instance and note.id not in self._published]
        for note in notes:
            await self._topics.publish(note.topic, [message_of(note, person)])
            self._published[note.id] = None
        for forgotten in list(islice(self._published, max(0, len(self._published) - MOST_REMEMBERED))):
            del self._published[forgotten]
        return bool(notes)

    def _adopt(self, note: Note, now_ms: int) -> Note:
        is_left_behind = note.by != self._instance and now_ms - note.at_ms > PATIENCE_MS
        return self._ours(msgspec.structs.replace(note, at_ms=now_ms)) if is_left_behind else note

    def _ours(self, note: Note) -> Note:
        return msgspec.structs.replace(note, by=self._instance)
