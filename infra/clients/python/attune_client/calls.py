"""Requests as values, and what their answers mean; both clients send these."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

import httpx

from attune_client.answers import Problem, Recommendations, Refusal, Taken, Token, Why
from attune_client.asks import Ask, Event, Person, Wish
from attune_client.decode import decode
from attune_client.errors import (
    DeniedError,
    EventsRefusedError,
    RefusedError,
    UnavailableError,
    UnexpectedAnswerError,
)

T = TypeVar("T")
Json = dict[str, Any]

MOST_PEOPLE = 100
"""In one request."""

MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request: to which function, and as what the answer is read."""

    function: str
    method: str
    path: str
    kind: type[T]
    json: Any = None
    query: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class People:
    """The answer about many."""

    people: list[Recommendations]


def recommend(ask: Ask) -> Call[Recommendations]:
    return Call("recommend", "POST", "/v1/recommendations", Recommendations, ask)


def batches(people: Iterable[Person], wish: Wish) -> Iterator[Call[People]]:
    for some in _chunks(people, MOST_PEOPLE):
        yield Call("recommend", "POST", "/v1/recommendations/batch", People, {**wish, "people": some})


def why(item_id: str, ask: Ask) -> Call[Why]:
    flat: Json = {**ask, **ask.get("filter", {})}
    flat.pop("filter", None)
    query = {name: _in_query(value) for name, value in flat.items() if value is not None}
    return Call("recommend", "GET", "/v1/recommendations/why", Why, query={**query, "item_id": item_id})


def token(person: Person, seconds: int) -> Call[Token]:
    return Call("recommend", "POST", "/v1/tokens", Token, {**person, "seconds": seconds})


def profile(person: Person) -> Call[dict[str, Any]]:
    named = {name: str(one) for name, one in person.items() if one is not None}
    return Call("profiles", "GET", "/v1/profiles", dict, query=named)


def sendings(events: Iterable[Event]) -> Iterator[Call[Taken]]:
    """Ids and times are given here, before anything is sent: an event that is sent again is the same."""
    for some in _chunks(map(_settled, events), MOST_EVENTS):
        yield Call("collect", "POST", "/v1/events", Taken, some)


def together(found: Sequence[Taken]) -> Taken:
    """What became of events that were sent in several requests. Raises EventsRefusedError if any was refused."""
    errors = [
        Refusal(number * MOST_EVENTS + refusal.index, refusal.problems, refusal.event_id)
        for number, taken in enumerate(found)
        for refusal in taken.errors
    ]
    taken = Taken(sum(one.accepted for one in found), sum(one.refused for one in found), errors)
    if taken.refused:
        raise EventsRefusedError(taken)
    return taken


def read(call: Call[T], answer: httpx.Response) -> T:
    """The answer as its type. Raises AttuneError."""
    if answer.is_success:
        return decode(call.kind, _json(answer))
    body = _json(answer) if "json" in answer.headers.get("content-type", "") else {}
    told = body if isinstance(body, dict) else {}
    if call.kind is Taken and "accepted" in told:
        return decode(call.kind, told)
    error, problems = str(told.get("error", answer.reason_phrase)), _problems(told)
    if answer.status_code in (401, 403):
        raise DeniedError(error, answer.status_code, problems)
    if answer.status_code == 429 or answer.status_code >= 500:
        raise UnavailableError(error, answer.status_code, problems, retry_after_s(answer))
    raise RefusedError(error, answer.status_code, problems)


def retry_after_s(answer: httpx.Response) -> float | None:
    """What the server asks for; None where it asks for nothing that is a number of seconds."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _problems(told: Json) -> list[Problem]:
    try:
        return decode(_Problems, {"problems": told.get("problems", [])}).problems
    except UnexpectedAnswerError:
        return []


@dataclass(frozen=True, slots=True)
class _Problems:
    problems: list[Problem]


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        problem = Problem("answer", "JSON", repr(answer.text[:60]))
        raise UnexpectedAnswerError("not what this client knows", answer.status_code, (problem,)) from None


def _settled(event: Event) -> Json:
    times = {name: value.isoformat() for name, value in event.items() if isinstance(value, datetime)}
    return {"event_id": uuid4().hex, "occurred_at": datetime.now(UTC).isoformat(), **event, **times}


def _in_query(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ",".join(value)


def _chunks(all_: Iterable[Any], most: int) -> Iterator[list[Any]]:
    some: list[Any] = []
    for one in all_:
        some.append(one)
        if len(some) == most:
            yield some
            some = []
    if some:
        yield some
