"""What every function behind a push subscription does with a request: read it, do its work, say whether it is done."""

from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable

from shared import heap, http, telemetry, wiring
from shared.errors import PermanentError, RetryableError
from shared.events.push import Push, read_push
from shared.tally import Group, tally

MAX_PUSH_BYTES = 14_000_000  # Pub/Sub's 10 MB in base64, and the envelope


class Deliveries:
    """The deliveries to one function. `take` does its work and names the outcome; `outcomes` counts this instance's."""

    def __init__(
        self, take: Callable[[Push], Awaitable[str]], group: Group | None, read: Callable[[bytes], Push] = read_push
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._take = take
        self._group = group
        self._read = read

    async def answer(self, method: str, body: AsyncIterable[bytes]) -> http.Reply:
        """204 acknowledges; anything else asks for redelivery."""
        if method == "GET":
            return http.json_reply(200, {"status": "ok", "outcomes": self.outcomes})
        if method != "POST":
            return http.not_allowed("POST", "GET")
        try:
            push = self._read(await http.read_body(body, MAX_PUSH_BYTES))
        except http.TooLargeError as error:
            return http.error_reply(413, str(error))
        except PermanentError as error:
            return http.refusal(error)
        telemetry.resume(push.message.attributes)
        try:
            outcome = await self._take(push)
        except RetryableError as error:
            telemetry.note(reason=str(error))
            return http.error_reply(500, "try again")
        telemetry.note(outcome)
        self.outcomes[outcome] += 1
        if self._group:
            tally.count(self._group, outcome)
        tally.flush_later(lambda: wiring.documents(wiring.settings()))
        heap.settle()
        return http.Reply(204)
