"""What arrives on topic `refolds`."""

import asyncio

from refolding.operate import settle
from refolding.parts import Parts
from shared.errors import PermanentError
from shared.events.publish import publish_dead_letter
from shared.events.push import Push
from shared.profiles.refolds import TOPIC, read_refold

SETTLE_S = 10.0
"""What came last in a quarantine was not folded, and no profile tells whether the log has it yet. So the refold after
a release takes its time."""


async def take(parts: Parts, push: Push) -> str:
    """Refold whom the message names. Raises RetryableError, and is then delivered again."""
    try:
        wanted = read_refold(push.message.data)
    except PermanentError as error:
        await publish_dead_letter(parts.topics, push, error, "profiles", TOPIC)
        return "dead_letter"
    if wanted.why in ("release", "erasure"):
        await asyncio.sleep(SETTLE_S)
    # What was erased is counted by the profile still, and will never be in the log again.
    done = await parts.refolder.refold(wanted.persons, force=wanted.why == "erasure")
    await settle(parts, done.people)
    return "refolded"
