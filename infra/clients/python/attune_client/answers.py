"""What is answered. Fields that a newer server adds are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item: why it is shown, how probable that was, and what a page needs to show it, as far as it is known."""

    item_id: str
    score: float
    source: str
    reason: str
    rule: str | None
    probability: float
    name: str | None = None
    category: str | None = None
    url: str | None = None
    image_url: str | None = None
    price: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Propensity:
    """How likely somebody is to do something; `percentile` among all, `drivers` in words, the strongest first."""

    probability: float
    percentile: int
    goal: str
    drivers: list[str]


@dataclass(frozen=True, slots=True)
class SlotItems:
    """What a slot shows."""

    name: str
    items: list[Recommendation]


@dataclass(frozen=True, slots=True)
class Step:
    """A page that visits go to next: how probably, after how many seconds, and how probably such visits convert."""

    page: str
    probability: float
    seconds: float | None
    converts: float
    lift: float | None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer about one person. Events that answer it carry its `decision_id`. `arm`: personal or holdout."""

    decision_id: str
    user_id: str | None
    anonymous_id: str | None
    persona: str
    arm: str
    propensities: Mapping[str, Propensity]
    items: list[Recommendation]
    model_versions: Mapping[str, str]
    degraded: bool
    slots: list[SlotItems] = field(default_factory=list)
    next_steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage did with an item: whether it passed, and, by stage, what was found."""

    stage: str
    passed: bool
    sources: Mapping[str, float] | None = None
    reason: str | None = None
    known: bool | None = None
    rule: str | None = None
    factor: float | None = None
    hold: list[str] = field(default_factory=list)
    place: int | None = None
    of: int | None = None
    score: float | None = None
    freshness: float | None = None
    diversity: float | None = None
    n: int | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One item's way through the stages, and where it fell out; None where it is shown."""

    item_id: str
    shown: bool
    probability: float
    fell_out_at: str | None
    stages: list[Stage]
    degraded: bool


@dataclass(frozen=True, slots=True)
class Token:
    """For the page of one person; valid for so many seconds."""

    token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.field or 'body'}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not taken: its place among those sent, and all that is wrong with it."""

    index: int
    problems: list[Problem]
    event_id: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of events."""

    accepted: int
    refused: int
    errors: list[Refusal]
