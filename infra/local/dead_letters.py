"""Dead letters back onto the topics they came from, once what was wrong has been put right."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from infra.local import screens
from infra.local.layout import FUNCTIONS, TABLES, TOPICS
from shared import wiring
from shared.errors import PermanentError, Problem
from shared.events.publish import DEAD_LETTER_ATTRIBUTES
from shared.stores import ports
from shared.stores.ports import Letters, Message, Topics

POLICY = "CloudPubSubDeadLetterSource"
"""What Pub/Sub calls the attributes of a message that it gave up delivering."""

DEADLINE = timedelta(seconds=30)

Lines = Counter[tuple[str, str]]
"""(reason, function) → letters."""


class Letter(NamedTuple):
    """A dead letter as people look at it."""

    mark: str
    message: Message

    @property
    def function(self) -> str:
        attributes = self.message.attributes
        return attributes.get("function") or attributes.get(f"{POLICY}Subscription", "").rpartition("/")[2] or "unknown"

    @property
    def topic(self) -> str | None:
        """Where it came from: as it says itself, or by the subscription that gave it up. None if nobody knows."""
        topic = self.message.attributes.get("topic") or SUBSCRIPTIONS.get(self.function)
        return topic if topic in TOPICS else None

    @property
    def reason(self) -> str:
        """Why it is here, without what was found: that may be somebody's."""
        if reason := self.message.attributes.get("reason"):
            return reason.partition(": expected")[0].rstrip(" ;")[:80]
        return f"gave up after {self.message.attributes.get(f'{POLICY}DeliveryCount', 'all')} deliveries"

    @property
    def original(self) -> Message:
        """The message as it was first published."""
        kept = {
            name: value
            for name, value in self.message.attributes.items()
            if name not in DEAD_LETTER_ATTRIBUTES and not name.startswith(POLICY)
        }
        return self.message._replace(attributes=kept)


SUBSCRIPTIONS: Mapping[str, str] = {
    **{function.name: function.topic for function in FUNCTIONS if function.topic},
    **{f"{topic}-to-warehouse": topic for topic in TABLES},
}
"""Subscription → its topic."""


def replay(stack: str, data: str, function: str | None, dry_run: bool) -> int:
    """Publish the letters again, those of one function or all; a letter goes only after it has been published.

    Returns 1 if there are letters of which nobody knows whence they came: these stay. Raises PermanentError if there is
    no such stack or function.
    """
    if function is not None and function not in SUBSCRIPTIONS:
        expected = f"one of {', '.join(SUBSCRIPTIONS)}"
        raise PermanentError("cannot replay", (Problem("function", expected, function),))
    moved, left = asyncio.run(_replay(stack, data, function, dry_run))
    console = screens.console()
    if moved or left:
        console.print(_table(moved, left, dry_run))
    else:
        console.print("There are no dead letters" + (f" of {function}." if function else "."))
    return int(bool(left))


async def _replay(stack: str, data: str, function: str | None, dry_run: bool) -> tuple[Lines, Lines]:
    """The letters that were put back, and those of which nobody knows the topic."""
    moved: Lines = Counter()
    left: Lines = Counter()
    async with _open(stack, data) as (mail, topics):
        while read := mail.read():
            letters = [Letter(*each) for each in read]
            wanted = [letter for letter in letters if function in (None, letter.function)]
            known = [letter for letter in wanted if letter.topic]
            moved.update(_line(letter) for letter in known)
            left.update(_line(letter) for letter in wanted if not letter.topic)
            if not dry_run:
                await _move(mail, topics, known)
    return moved, left


async def _move(mail: Letters, topics: Topics, letters: Sequence[Letter]) -> None:
    for topic in {letter.topic: None for letter in letters}:
        some = [letter for letter in letters if letter.topic == topic]
        await topics.publish(str(topic), [letter.original for letter in some])
        mail.ack([ports.Letter(*letter) for letter in some])


@asynccontextmanager
async def _open(stack: str, data: str) -> AsyncIterator[tuple[Letters, Topics]]:
    mail: Letters
    topics: Topics
    if stack == "embedded":
        from infra.local.dead_letters_embedded import open_embedded

        mail, topics = open_embedded(Path(data), DEADLINE)
    else:
        from infra.local.dead_letters_pubsub import open_pubsub

        mail, topics = open_pubsub(wiring.settings(), DEADLINE)
    try:
        yield mail, topics
    finally:
        mail.close()
        await topics.close()


def _line(letter: Letter) -> tuple[str, str]:
    return letter.reason, letter.function


def _table(moved: Lines, left: Lines, dry_run: bool) -> Table:
    table = Table(title="Dead letters", title_justify="left")
    for name in ("reason", "function", "letters", ""):
        table.add_column(name, justify="right" if name == "letters" else "left")
    for counted, fate in ((moved, "would be put back" if dry_run else "put back"), (left, "left: from no known topic")):
        for (reason, function), number in counted.most_common():
            table.add_row(reason, function, f"{number:,}", fate)
    return table
