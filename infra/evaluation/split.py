"""A split: what is trained on, and which next items are then to be predicted."""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from infra.evaluation.steps import Step
from shared.events.event import Event

SEED = 42


class Prediction(NamedTuple):
    """After the first `before` events of this person, the target is the next item."""

    person: str
    before: int
    target: str


class Split(NamedTuple):
    """Events to train on, and what is to be predicted: by person, in order of time.

    Attributes:
        catalogue: the items of the training events, ascending.
        left_out: next items that are not predicted because training knows too little.
        rule: what was done, in words.
    """

    train: list[Event]
    predictions: list[Prediction]
    catalogue: list[str]
    left_out: int
    rule: str


def make_split(train: list[Event], walks: Iterable[tuple[str, list[Step]]], rule: str) -> Split:
    """Predict each step of each person's walk but the first. Steps to items that no training event has are passed over:

    no model can know them, and what share of steps they are says more of the log's length than of the models.
    """
    catalogue = {item_id for event in train for item_id in event.item_ids}
    predictions: list[Prediction] = []
    asked = 0
    for person, steps in walks:
        asked += max(0, len(steps) - 1)
        known = [step for step in steps if step.item_id in catalogue]
        predictions += [Prediction(person, step.place, step.item_id) for step in known[1:]]
    return Split(train, sorted(predictions), sorted(catalogue), asked - len(predictions), rule)


def sample(predictions: list[Prediction], most: int) -> list[Prediction]:
    """The predictions of people drawn by chance (seeded), until there are so many; all if they are no more."""
    by_person: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        by_person.setdefault(prediction.person, []).append(prediction)
    people = sorted(by_person)
    if len(predictions) > most:
        Random(SEED).shuffle(people)
    kept: list[Prediction] = []
    for person in people:
        if len(kept) < most:
            kept += by_person[person]
    return sorted(kept)
