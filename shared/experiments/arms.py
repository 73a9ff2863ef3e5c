"""Arms: which answer a person gets follows from who they are, so it is the same each time and is stored nowhere."""

from hashlib import blake2b
from typing import Literal

Arm = Literal["personal", "holdout"]
"""holdout: what is popular, with everything else as for all: what the others do more than they do is what comes of
personal recommendations."""


def arm_of(person: str, holdout: float) -> Arm:
    """The person's arm, where so much of all people, in [0, 1], is held out. Who is held out stays so when it grows.

    >>> [arm_of(f"u:{name}", 0.5) for name in ("ann", "bob", "cyd", "dee")]
    ['personal', 'holdout', 'holdout', 'holdout']
    """
    place = int.from_bytes(blake2b(person.encode(), digest_size=8, person=b"attune-arm").digest())
    return "holdout" if place < holdout * 2**64 else "personal"
