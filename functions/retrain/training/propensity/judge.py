"""How good a propensity would have been: on the newest snapshot, by models of older ones; or on people not seen."""

from math import ceil
from typing import NamedTuple

import numpy as np

from shared.models.propensity import PropensityModel, probability_of
from training.metrics.calibration_error import curve
from training.propensity.arrays import Floats, Rows, folds_of, sigmoid
from training.propensity.audit import why_not
from training.propensity.figures import Estimate, figures_of
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
    """

    name: Name
    choice: Choice
    how: str
    figures: dict[str, dict[str, Estimate]]
    curve: list[tuple[float, float, int]]

    @property
    def doubt(self) -> str:
        """Why it should not go live; empty if it may."""
        ours = self.figures[self.name]
        if ours["log_loss"]["value"] >= self.figures["base"]["log_loss"]["value"]:
            return "it says no more than how many do"
        if "live" in self.figures and ours["brier"]["value"] >= (live := self.figures["live"]["brier"]["value"]):
            return f"the live one is as good: its Brier score is {live:.4f}, this one's {ours['brier']['value']:.4f}"
        return ""


def judge(seen: Seen, step_days: float, window_days: float, live: PropensityModel | None = None) -> Judgement:
    """By time if older snapshots, whose windows had ended by the newest, suffice; else by cross-validation.

    Args:
        live: the model to be better than, if it has not learned from anything after the newest snapshot.
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
    if live is None:
        return {}
    people = (dict(zip(newest.names, row, strict=True)) for row in newest.features.tolist())
    return {"live": np.array([probability_of(live, features) for features in people])}


def _across(choices: dict[Name, Choice], rows: Rows) -> dict[str, Floats]:
    boosted = sigmoid(hold_out(rows, folds_of(rows, FOLDS), BoostedLearner()))
    said: dict[str, Floats] = {name: choice.probabilities for name, choice in choices.items()}
    return {**said, "boosted": boosted, "base": np.full_like(rows.labels, rows.labels.mean())}


def _judgement(
    choices: dict[Name, Choice], learned: Rows, judged: Rows, how: str, said: dict[str, Floats]
) -> Judgement:
    name = better(choices, learned)
    figures = {model: figures_of(judged.labels, found, judged.people) for model, found in said.items()}
    return Judgement(name, choices[name], how, figures, curve(judged.labels, said[name]))
