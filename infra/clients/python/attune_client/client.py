"""The client for programs that wait."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from attune_client import calls
from attune_client.answers import Recommendations, Taken, Token, Why
from attune_client.asks import Ask, Event, Person, Wish
from attune_client.calls import Call
from attune_client.policy import Outcome, Policy, answered

T = TypeVar("T")


@dataclass
class Client(Policy):
    """Keeps connections open; one for a program, used by any number of threads. Every method raises AttuneError."""

    def __post_init__(self) -> None:
        self._http = httpx.Client(timeout=self.timeout_s)

    def recommend(self, **ask: Unpack[Ask]) -> Recommendations:
        """Recommendations for one person, for slots if these are asked for; with `page`, next steps."""
        return self._send(calls.recommend(ask))

    def recommend_to(self, people: Iterable[Person], **wish: Unpack[Wish]) -> Iterator[Recommendations]:
        """The same for many, as for a mailing, in their order; asked a hundred at a time, as they are taken."""
        for call in calls.batches(people, wish):
            yield from self._send(call).people

    def why(self, item_id: str, **ask: Unpack[Ask]) -> Why:
        """What becomes of one item on its way into a person's recommendations."""
        return self._send(calls.why(item_id, ask))

    def token(self, seconds: int = 900, **person: Unpack[Person]) -> Token:
        """A token for the page of one person."""
        return self._send(calls.token(person, seconds))

    def profile(self, **person: Unpack[Person]) -> Mapping[str, Any]:
        """What is known of a person, as the README lists it."""
        return self._send(calls.profile(person))

    def send(self, events: Iterable[Event]) -> Taken:
        """Tell what happened. Raises EventsRefusedError if some were refused; all others have been taken."""
        return calls.together([self._send(call) for call in calls.sendings(events)])

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        begun = time.monotonic()
        attempt = 1
        while True:
            outcome = self._try(call)
            pause_s = self.pause_s(attempt, outcome, time.monotonic() - begun)
            if pause_s is None:
                return calls.read(call, answered(outcome))
            time.sleep(pause_s)
            attempt += 1

    def _try(self, call: Call[Any]) -> Outcome:
        try:
            return self._http.request(**self.request(call))
        except httpx.TransportError as error:
            return error
