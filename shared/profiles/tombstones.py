"""What is left of an erased person: that they were erased, and when, under a hash of their id."""

from datetime import datetime
from hashlib import blake2b

from shared.profiles.profile import to_ms
from shared.stores.ports import Documents

COLLECTION = "erased"


async def bury(documents: Documents, person: str, erased_at: datetime) -> None:
    """From now on, events of the person that occurred until `erased_at` never count. Durable when it returns."""
    await documents.merge(COLLECTION, {_key(person): {"erased_at": erased_at}})


async def erased_ms(documents: Documents, person: str) -> int:
    """Until when the person was erased, in milliseconds since 1970; 0 if they never were."""
    document = await documents.get(COLLECTION, _key(person))
    erased_at = document.fields.get("erased_at") if document else None
    return to_ms(erased_at) if isinstance(erased_at, datetime) else 0


def _key(person: str) -> str:
    return blake2b(person.encode(), digest_size=16, person=b"attune-erased").hexdigest()
