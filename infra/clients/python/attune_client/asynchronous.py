"""The client for programs on an event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
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
class AsyncClient(Policy):
    """As `Client`, method by method; one for an event loop."""

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=self.timeout_s)

    async def recommend(self, **ask: Unpack[Ask]) -> Recommendations:
        """Recommendations for one person, for slots if these are asked for; with `page`, next steps."""
        return await self._send(calls.recommend(ask))

    async def recommend_to(self, people: Iterable[Person], **wish: Unpack[Wish]) -> AsyncIterator[Recommendations]:
        """The same for many, as for a mailing, in their order; asked a hundred at a time, as they are taken."""
        for call in calls.batches(people, wish):
            for one in (await self._send(call)).people:
                yield one

    async def why(self, item_id: str, **ask: Unpack[Ask]) -> Why:
        """What becomes of one item on its way into a person's recommendations."""
        return await self._send(calls.why(item_id, ask))

    async def token(self, seconds: int = 900, **person: Unpack[Person]) -> Token:
        """A token for the page of one person."""
        return await self._send(calls.token(person, seconds))

    async def profile(self, **person: Unpack[Person]) -> Mapping[str, Any]:
        """What is known of a person, as the README lists it."""
        return await self._send(calls.profile(person))

    async def send(self, events: Iterable[Event]) -> Taken:
        """Tell what happened. Raises EventsRefusedError if some were refused; all others have been taken."""
        return calls.together([await self._send(call) for call in calls.sendings(events)])

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        begun = time.monotonic()
        attempt = 1
        while True:
            outcome = await self._try(call)
            pause_s = self.pause_s(attempt, outcome, time.monotonic() - begun)
            if pause_s is None:
                return calls.read(call, answered(outcome))
            await asyncio.sleep(pause_s)
            attempt += 1

    async def _try(self, call: Call[Any]) -> Outcome:
        try:
            return await self._http.request(**self.request(call))
        except httpx.TransportError as error:
            return error
