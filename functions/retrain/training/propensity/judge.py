"""How good a propensity would have been: on the newest snapshot, by models of older ones; or on people not seen."""

from math import ceil
from typing import NamedTuple

import numpy as np

from shared.models.propensity import PropensityModel, probability_of
from training.metrics.calibration_error import curve
from training.propensity.arrays import Floats, Rows, folds_of, sigmoid
from training.propensity.audit import why_not
from training.propensity.figures import Estimate, below, figures_of
from training.propensity.learn import FOLDS, Choice, Name, better, choose, fit_choice, hold_out
from training.propensity.learners import BoostedLearner
from training.propensity.rows import Seen

LATER = "the newest snapshot, whose window lies after those learned from"
UNSEEN = "people not learned from; there is too little history to judge by a later time"


class Judgement(NamedTuple):
    """What was found.

    Attributes:
        name, choice: what to publish, and how to learn it.
        how: what it was judged on, in words.
        figures: by model, by metric. `base` says of everybody the share that acted; `live` is asked if that is fair.
        curve: of the one to publish: mean probability, share that acted, rows.
        ahead: by how much the log loss is below that of the live model on the same people, if that was asked.
    """

    name: Name
    choice: Choice
    how: str
    figures: dict[str, dict[str, Estimate]]
    curve: list[tuple[float, float, int]]
    ahead: Estimate | None = None

    @property
    def doubt(self) -> str:
        """Why it should not go live; empty if it may."""
        ours, base = (self.figures[name]["log_loss"]["value"] for name in (self.name, "base"))
        if not ours < base:  # nor if that is not a number
            return "it says no more than how many do"
        return worse(self.ahead)


def worse(ahead: Estimate | None) -> str:
    """What to say of a model whose log loss is above the live one's beyond chance; empty if it is not.

    Half of all trainings that change nothing are a little worse: those must not be rejected (0032).
    """
    if ahead is None or ahead["high"] >= 0:
        return ""
    return f"worse than what is live: log loss {-ahead['value']:+.4f} ({-ahead['high']:+.4f} to {-ahead['low']:+.4f})"


def judge(seen: Seen, step_days: float, window_days: float, live: PropensityModel | None = None) -> Judgement:
    """By time if older snapshots, whose windows had ended by the newest, suffice; else by cross-validation.

    Args:
        live: the model not to be worse than, if it has not learned from anything after the newest snapshot.
    """
    newest, older = (seen.rows.take(part) for part in split_by_time(seen, step_days, window_days))
    if why_not(older) or why_not(newest):
        choices = choose(seen.rows)
        return _judgement(choices, seen.rows, seen.rows, UNSEEN, _across(choices, seen.rows))
    choices = choose(older)
    return _judgement(choices, older, newest, LATER, _later(choices, older, newest) | _live(live, newest))


def split_by_time(seen: Seen, step_days: float, window_days: float) -> "tuple[np.typing.NDArray[np.bool_], ...]":
    """Which rows are of the newest snapshot, and which of those whose windows had ended by it."""
    return seen.snapshots == 0, seen.snapshots >= ceil(window_days / step_days)


def _later(choices: dict[Name, Choice], older: Rows, newest: Rows) -> dict[str, Floats]:
    said: dict[str, Floats] = {
        name: fit_choice(choice, older).probabilities(newest.features) for name, choice in choices.items()
    }
    boosted = sigmoid(BoostedLearner().fit(older).log_odds(newest.features))
    return {**said, "boosted": boosted, "base": np.full_like(newest.labels, older.labels.mean())}


def _live(live: PropensityModel | None, newest: Rows) -> dict[str, Floats]:
    return {} if live is None else {"live": asked(live, newest)}


def asked(model: PropensityModel, rows: Rows) -> Floats:
    """What a published model says of these rows, by the code that serves it."""
    people = (dict(zip(rows.names, row, strict=True)) for row in rows.features.tolist())
    return np.array([probability_of(model, features) for features in people])


def _across(choices: dict[Name, Choice], rows: Rows) -> dict[str, Floats]:
    boosted = sigmoid(hold_out(rows, folds_of(rows, FOLDS), BoostedLearner()))
    said: dict[str, Floats] = {name: choice.probabilities for name, choice in choices.items()}
    return {**said, "boosted": boosted, "base": np.full_like(rows.labels, rows.labels.mean())}


def _judgement(
    choices: dict[Name, Choice], learned: Rows, judged: Rows, how: str, said: dict[str, Floats]
) -> Judgement:
    name = better(choices, learned)
    figures = {model: figures_of(judged.labels, found, judged.people) for model, found in said.items()}
    ahead = below(judged, said[name], said["live"]) if "live" in said else None
    if ahead:
        figures[name]["log_loss below live"] = ahead
    return Judgement(name, choices[name], how, figures, curve(judged.labels, said[name]), ahead)
