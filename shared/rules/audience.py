"""Whether a rule is for this person, here and now."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.rules.rule import Question, When, listed
from shared.stores.ports import Value

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 86_400


class Audience(NamedTuple):
    """Whom the rules are asked about.

    Attributes:
        face: the readable fields of the profile; made only if a rule asks for them.
        propensities: probabilities by name.
    """

    persona: str
    context: str
    now: datetime
    face: Callable[[], Mapping[str, Value]]
    propensities: Mapping[str, float]


def holds(when: When, audience: Audience) -> bool:
    """Whether all that the rule asks for is so; what costs most is looked at last."""
    if when.persona is not None and audience.persona not in listed(when.persona):
        return False
    if when.context is not None and audience.context not in listed(when.context):
        return False
    if not _is_time(when, audience.now):
        return False
    if when.tag is not None and not set(listed(when.tag)).intersection(_texts(audience.face().get("top_tags"))):
        return False
    for field, question in when.profile.items():
        if not _passes(question, audience.face().get(field), audience.now):
            return False
    return all(
        _is_within(audience.propensities.get(name), span.at_least, span.at_most)
        for name, span in when.propensity.items()
    )


def _is_time(when: When, now: datetime) -> bool:
    if (when.since is not None and now < when.since) or (when.until is not None and now >= when.until):
        return False
    if when.hours is None and when.weekdays is None:
        return True
    local = now.astimezone(ZoneInfo(when.timezone))
    if when.weekdays is not None and WEEKDAYS[local.weekday()] not in listed(when.weekdays):
        return False
    if when.day is None:
        return True
    begun, ends = when.day
    at = local.time().replace(tzinfo=None)
    return begun <= at < ends if begun <= ends else at >= begun or at < ends


def _passes(question: Question, value: Value, now: datetime) -> bool:
    if value is None:
        return False
    number = (now - value).total_seconds() / DAY_S if isinstance(value, datetime) else value
    if (question.at_least is not None or question.at_most is not None) and not _is_within(
        number, question.at_least, question.at_most
    ):
        return False
    if question.equals is not None and value != question.equals:
        return False
    if question.one_of is not None and value not in question.one_of:
        return False
    return question.contains is None or question.contains in _texts(value)


def _is_within(value: object, at_least: float | None, at_most: float | None) -> bool:
    if not isinstance(value, int | float):
        return False
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def _texts(value: Value) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | dict) else []
