"""Fit a propensity: judged first, then learned from all that is known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from shared.errors import PermanentError
from shared.models.artifact import unpack_model
from shared.models.propensity import PropensityModel
from shared.settings import Settings
from shared.stores.ports import Fields, Warehouse
from training.propensity.audit import why_not
from training.propensity.drivers import Drive, strongest
from training.propensity.figures import Estimate, below
from training.propensity.judge import Judgement, asked, judge, worse
from training.propensity.learn import Fit, fit_choice
from training.propensity.picture import draw
from training.propensity.publishing import to_model
from training.propensity.rows import STEP, Goal, Seen, read_rows, window
from training.results import VERSION_TIME, Fitted, Refused, fitted

DAY = timedelta(days=1)
DRIVERS = 8
BESIDE = "log loss below live, which has learned from those judged on"


class Rival(NamedTuple):
    """The live model, and whether it has learned from what followed the newest snapshot."""

    model: PropensityModel
    has_seen: bool


def fit_conversion(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None
) -> Fitted | Refused:
    """Who will convert within `conversion_days`."""
    return _fit("conversion", warehouse, cutoff, settings, live)


def fit_churn(
    warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None = None
) -> Fitted | Refused:
    """Who will not act within `churn_days`."""
    return _fit("churn", warehouse, cutoff, settings, live)


def _fit(
    goal: Goal, warehouse: Warehouse, cutoff: datetime, settings: Settings, live: Fields | None
) -> Fitted | Refused:
    seen, days = read_rows(warehouse, goal, cutoff, settings), window(goal, settings) / DAY
    if reason := why_not(seen.rows):
        return Refused(reason)
    # On several threads partial sums come together in any order, and the last bits with them.
    with threadpool_limits(1):
        rival = read_rival(live, seen, days, cutoff)
        judgement = judge(seen, STEP / DAY, days, rival.model if rival and not rival.has_seen else None)
        fit = fit_choice(judgement.choice, seen.rows)
        together = beside(rival.model, fit, seen) if rival and rival.has_seen else None
        model = to_model(fit, seen.rows, seen.goal, days, float(settings.churn_days))
        drives = strongest(model, seen.rows, DRIVERS)
    facts = _facts(seen, days, judgement, drives)
    found = fitted(goal, model, cutoff, {**facts, BESIDE: together} if together else facts)
    picture = draw(judgement.curve, drives, f"{goal}: {seen.goal} within {days:g} days")
    return found._replace(picture=picture, doubt=judgement.doubt or worse(together))


def beside(live: PropensityModel, fit: Fit, seen: Seen) -> Estimate | None:
    """The model itself beside a live one that has learned from the newest snapshot's window, too, or a part of it.

    There the new one knows all and has the advantage: one that is worse even so has gone wrong.
    """
    newest = seen.rows.take(seen.snapshots == 0)
    if not len(newest.labels):
        return None
    return below(newest, fit.probabilities(newest.features), asked(live, newest))


def read_rival(fields: Fields | None, seen: Seen, days: float, cutoff: datetime) -> Rival | None:
    """The live model, if it says the same of the same features."""
    try:
        live = unpack_model(fields, PropensityModel) if fields else None
    except (PermanentError, msgspec.ValidationError):
        return None
    if live is None or (live.goal, live.window_days) != (seen.goal, days) or set(live.features) - set(seen.rows.names):
        return None
    learned_until = datetime.strptime(live.version.partition("-")[0], VERSION_TIME).replace(tzinfo=UTC)
    return Rival(live, learned_until > cutoff - days * DAY)


def _facts(seen: Seen, days: float, judgement: Judgement, drives: Sequence[Drive]) -> dict[str, object]:
    rows = seen.rows
    return {
        "goal": f"{seen.goal} within {days:g} days",
        "people": len(np.unique(rows.people)),
        "rows": len(rows.labels),
        "share": round(float(rows.labels.mean()), 6),
        "published": judgement.name,
        "learner": judgement.choice.learner._asdict(),
        "calibration": judgement.choice.method,
        "judged_on": judgement.how,
        "figures": judgement.figures,
        "curve": judgement.curve,
        "drivers": {drive.feature: f"{drive.sign}{drive.strength:.3f}" for drive in drives},
    }
