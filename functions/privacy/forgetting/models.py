"""Which versions of models were trained on something of a person."""

from datetime import UTC, datetime, timedelta

from shared.models.artifact import CARDS
from shared.profiles.profile import to_ms
from shared.stores.ports import Documents

TO_THE_SECOND = timedelta(seconds=1)


async def seen_by(documents: Documents, first_ms: int) -> list[str]:
    """`NAME@VERSION` of all that had a cutoff after the person's first event in the log (0: there is none).

    A version may have seen nothing of theirs for other reasons, as consent; what exactly it has seen is not kept.
    """
    if not first_ms:
        return []
    found = []
    async for key, document in documents.scan(CARDS):
        cutoff, fitted = document.fields.get("cutoff"), document.fields.get("fitted") is not False
        if fitted and isinstance(cutoff, datetime) and first_ms <= to_ms(cutoff.astimezone(UTC) + TO_THE_SECOND):
            found.append(key)
    return sorted(found)
