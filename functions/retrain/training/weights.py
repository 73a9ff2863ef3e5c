"""How much the sources weigh in each context, and which of them are worth hearing at all."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from shared.models.blend import CONTEXTS, SOURCES, UNLEARNED, Context, Source
from training.choice import LEAST, fit_weights
from training.strength import gains, is_more, tell_more
from training.walks import Moment, Scores

Weights = dict[Context, Scores]

SCALE = 6.0
"""Of the weights' sum where nothing has been learned: as strong as what is found on the inputs that ship."""

PRIOR = 1.0
CONTEXT_PRIOR = 8.0
"""How strongly weights are held to those where nothing has been learned, and those of a context to those of all: by the
precision of a normal prior. Ten next items weigh about as much as one."""

OPTIONAL: dict[Source, float] = {"content": LEAST, "persona": 0.0, "sessions": 0.0}
"""Sources that do not pay everywhere, and what they weigh where they do not. Each is heard only if with it more of what
people went to is shown, by more than the standard error. Content is never silenced, for it alone knows new items; what
is popular among a persona is nearly what is popular anyway; sessions take room in the item documents."""


def learn_weights(moments: Sequence[Moment], may_return: bool) -> Weights:
    """By context, what is optional left out."""
    return _fit(moments, may_return, frozenset(OPTIONAL))


def hear(moments: Sequence[Moment], may_return: bool, weights: Weights) -> tuple[Weights, dict[Source, str]]:
    """The weights with what is worth hearing of what is optional, one after the other; and by how much each was."""
    quiet, before = frozenset(OPTIONAL), gains(moments, weights, may_return)
    told: dict[Source, str] = {}
    for source in OPTIONAL:
        if not any(moment.pools[may_return].scores[:, SOURCES.index(source)].any() for moment in moments):
            continue
        tried = _fit(moments, may_return, quiet - {source})
        shown = gains(moments, tried, may_return)
        told[source] = tell_more(shown - before)
        if is_more(shown - before):
            quiet, weights, before = quiet - {source}, tried, shown
    return weights, told


def _fit(moments: Sequence[Moment], may_return: bool, quiet: AbstractSet[Source]) -> Weights:
    """Those of a context are held to the weights of all, these to those where nothing has been learned."""
    kept = frozenset(SOURCES.index(source) for source in quiet)
    unlearned = np.array([OPTIONAL[source] if source in quiet else SCALE * UNLEARNED[source] for source in SOURCES])
    overall = fit_weights([moment.pools[may_return] for moment in moments], unlearned, PRIOR, kept)
    return {
        context: fit_weights(
            [moment.pools[may_return] for moment in moments if moment.context == context], overall, CONTEXT_PRIOR, kept
        )
        for context in CONTEXTS
    }
