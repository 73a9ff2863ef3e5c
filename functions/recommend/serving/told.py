"""What recommend answers, field by field; the OpenAPI document is made from it."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from serving.next_steps import Step
from shared.experiments.arms import Arm
from shared.ranking.explain import Recommendation


class Propensity(TypedDict):
    """How likely somebody is to do something."""

    probability: float
    percentile: int
    goal: str
    drivers: list[str]


class SlotItems(TypedDict):
    """What a slot shows."""

    name: str
    items: list[Recommendation]


class Who(TypedDict):
    """Whom an answer is about, and by which name the log has it."""

    decision_id: str
    user_id: str | None
    anonymous_id: str | None


class Recommendations(Who):
    """The answer about one person. `slots` and `next_steps` are told to whoever asks for slots, or names a page."""

    persona: str
    arm: Arm
    propensities: Mapping[str, Propensity]
    items: list[Recommendation]
    model_versions: dict[str, str]
    degraded: bool
    slots: NotRequired[list[SlotItems]]
    next_steps: NotRequired[list[Step]]


class People(TypedDict):
    """The answer about many, in the order of the request."""

    people: list[Recommendations]


class Stage(TypedDict):
    """What a stage did with an item: whether it passed, and, by stage, what was found."""

    stage: str
    passed: bool
    sources: NotRequired[dict[str, float]]
    reason: NotRequired[str]
    known: NotRequired[bool]
    rule: NotRequired[str]
    factor: NotRequired[float]
    hold: NotRequired[list[str]]
    place: NotRequired[int | None]
    of: NotRequired[int]
    score: NotRequired[float]
    freshness: NotRequired[float]
    diversity: NotRequired[float]
    n: NotRequired[int]
    probability: NotRequired[float]


class Why(TypedDict):
    """One item's way through the stages."""

    item_id: str
    shown: bool
    probability: float
    fell_out_at: str | None
    stages: list[Stage]
    degraded: bool
