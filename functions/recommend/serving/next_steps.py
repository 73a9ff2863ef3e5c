"""Next best step: from a page, where visits go next, and which of these steps goes with conversion."""

import re

import msgspec

from shared.models.next_steps import chance, next_steps
from shared.models.paths import SPECIAL, PathsModel

MOST = 5
PATH = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)")
"""As `infra/sql/path_acts.sql` reads an address."""


class Step(msgspec.Struct, frozen=True):
    """A page that visits go to from this one.

    Attributes:
        probability: that it is the next.
        seconds: after which half of those who went there had gone; None where too few did.
        converts: how probably a visit converts that goes there.
        lift: that, divided by the same of the page they come from.
    """

    page: str
    probability: float
    seconds: float | None
    converts: float
    lift: float | None


def steps_from(model: PathsModel | None, page: str) -> list[Step]:
    """The likeliest next pages, likeliest first."""
    chain = model.facets.get("pages") if model else None
    found = PATH.match(page)
    if chain is None or found is None:
        return []
    here = found[1].rstrip("/") or "/"
    own = chance(chain, here)
    likely = [step for step in next_steps(chain, here) if step.state not in SPECIAL][:MOST]
    told = [(step, chance(chain, step.state, here)) for step in likely]
    return [
        Step(
            step.state,
            round(step.probability, 4),
            step.seconds,
            round(converts, 4),
            round(converts / own, 2) if own else None,
        )
        for step, converts in told
    ]
